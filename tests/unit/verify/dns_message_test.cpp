#include "adapters/probe/dns_message.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fixtures.hpp"

namespace egress::probe {
namespace {

using Message = std::vector<std::uint8_t>;
const Query kQuery{0x1234, verify::name("api.openai.com"), Family::ipv4};

// A response to kQuery: one CNAME and one A record, names compressed.
Message response() {
  Message message = encode(kQuery);
  message[2] |= 0x80;
  message[7] = 2;
  const Message cname{0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'x', 0xc0, 16};
  const Message a{0xc0, 43, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
  message.insert(message.end(), cname.begin(), cname.end());
  message.insert(message.end(), a.begin(), a.end());
  return message;
}

TEST(DnsMessage, EncodesOneQuestion) {
  const Message expected{0x12, 0x34, 1,   0,   0,   1,   0,   0, 0,   0,   0,   0, 3, 'a', 'p', 'i',
                         6,    'o',  'p', 'e', 'n', 'a', 'i', 3, 'c', 'o', 'm', 0, 0, 1,   0,   1};
  EXPECT_EQ(encode(kQuery), expected);
}

TEST(DnsMessage, ReadsTheAddressesOfTheAnswer) {
  const auto decoded = decode(response(), kQuery);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rcode, 0);
  EXPECT_EQ(decoded->addresses, std::vector{verify::ip("192.0.2.1")});
}

TEST(DnsMessage, ReadsIpv6Addresses) {
  const Query query{7, verify::name("h.example"), Family::ipv6};
  Message message = encode(query);
  message[2] |= 0x80;
  message[7] = 1;
  const Message record{0xc0, 12,   0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 1,
                       0x0d, 0xb8, 0, 0,  0, 0, 0, 0, 0, 0,  0, 0,  0,    1};
  message.insert(message.end(), record.begin(), record.end());
  EXPECT_EQ(decode(message, query)->addresses, std::vector{verify::ip("2001:db8::1")});
}

TEST(DnsMessage, TakesTheQuestionInAnotherCase) {
  Message message = response();
  message[13] = 'A';
  EXPECT_TRUE(decode(message, kQuery));
}

TEST(DnsMessage, RefusesAnswersToOtherQuestions) {
  const auto changed = [](std::size_t at, std::uint8_t value) {
    Message message = response();
    message[at] = value;
    return decode(message, kQuery).has_value();
  };
  EXPECT_FALSE(changed(1, 0x35));  // another id
  EXPECT_FALSE(changed(2, 0x01));  // a query
  EXPECT_FALSE(changed(2, 0xa9));  // another opcode
  EXPECT_FALSE(changed(5, 2));     // two questions
  EXPECT_FALSE(changed(13, 'b'));  // another name
  EXPECT_FALSE(changed(29, 28));   // another type
  EXPECT_FALSE(changed(31, 3));    // another class
  EXPECT_TRUE(changed(3, 0x83));   // the control: NXDOMAIN is an answer
}

TEST(DnsMessage, EveryTruncationIsRefused) {
  const Message message = response();
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(decode(std::span(message).first(size), kQuery)) << size;
  }
}

TEST(DnsMessage, SurvivesAnyOctets) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    Message message = response();
    for (int n = 0; n < 3; ++n)
      message[random() % message.size()] = static_cast<std::uint8_t>(random());
    message.resize(random() % (message.size() + 1));
    const auto decoded = decode(message, kQuery);
    if (decoded) {
      EXPECT_LE(decoded->addresses.size(), 2U);
    }
  }
}

TEST(DnsMessage, NamesRcodes) {
  EXPECT_EQ(rcode_text(3), "NXDOMAIN");
  EXPECT_EQ(rcode_text(11), "RCODE 11");
}

}  // namespace
}  // namespace egress::probe
