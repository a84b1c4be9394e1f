#include "adapters/probe/dns_message.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fixtures.hpp"

namespace egress::probe {
namespace {

using Message = std::vector<std::uint8_t>;
const Query kQuery{0x1234, {verify::name("api.openai.com")}};

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
  const Query query{7, {verify::name("h.example"), kTypeAaaa}};
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

// A refusal as the DNS guard sends it: OPT with an extended error (RFC 8914 section 2).
const Query kEdnsQuery{0x1234, {verify::name("google.com"), kTypeTxt, true}};
Message refusal(std::uint8_t rcode, std::string_view text) {
  Message message = encode(kEdnsQuery);
  message[2] |= 0x80;
  message[3] = rcode;
  const auto length = static_cast<std::uint8_t>(text.size() + 2);
  message[message.size() - 1] = static_cast<std::uint8_t>(length + 4);  // of OPT
  message.insert(message.end(), {0, 15, 0, length, 0, 15});
  message.insert(message.end(), text.begin(), text.end());
  return message;
}
constexpr std::size_t kOptTtl = 12 + 12 + 4 + 5;  // where it stands in a refusal()

TEST(DnsMessage, AsksWithEdns) {
  const Message expected{0x12, 0x34, 1,   0,   0,   1,   0,    0,   0,   0,   0, 1, 6,
                         'g',  'o',  'o', 'g', 'l', 'e', 3,    'c', 'o', 'm', 0, 0, 16,
                         0,    1,    0,   0,   41,  4,   0xd0, 0,   0,   0,   0, 0, 0};
  EXPECT_EQ(encode(kEdnsQuery), expected);
}

TEST(DnsMessage, ReadsTheExtendedError) {
  const auto decoded = decode(refusal(3, "egressd: no"), kEdnsQuery);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rcode, 3);
  EXPECT_EQ(decoded->error, (ExtendedError{15, "egressd: no"}));
  EXPECT_EQ(decoded->records, 0U);
  EXPECT_EQ(decode(refusal(3, ""), kEdnsQuery)->error, (ExtendedError{15, ""}));
  EXPECT_FALSE(decode(response(), kQuery)->error);
}

TEST(DnsMessage, PassesOverOtherOptions) {
  Message message = refusal(5, "x");
  const Message cookie{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
  message.insert(message.end() - 7, cookie.begin(), cookie.end());
  message[message.size() - 7 - cookie.size() - 1] = 7 + 12;
  EXPECT_EQ(decode(message, kEdnsQuery)->error, (ExtendedError{15, "x"}));
}

TEST(DnsMessage, TheRcodeHasTwelveBits) {
  Message message = refusal(0, "x");
  ASSERT_EQ(message[kOptTtl], 0);
  message[kOptTtl] = 1;
  EXPECT_EQ(decode(message, kEdnsQuery)->rcode, 16);  // BADVERS
}

TEST(DnsMessage, AMalformedOptionIsNoAnswer) {
  Message too_long = refusal(3, "text");
  ++too_long[too_long.size() - 7];  // the option's length
  EXPECT_FALSE(decode(too_long, kEdnsQuery));
  Message no_code = encode(kEdnsQuery);
  no_code[2] |= 0x80;
  no_code.back() = 5;
  no_code.insert(no_code.end(), {0, 15, 0, 1, 0});
  EXPECT_FALSE(decode(no_code, kEdnsQuery));
}

TEST(DnsMessage, CountsWhatCarriesDataInEverySection) {
  EXPECT_EQ(decode(response(), kQuery)->records, 2U);
  Message message = encode(kQuery);
  message[2] |= 0x80;
  message[9] = 2;   // authority
  message[11] = 1;  // additional
  const Message soa{0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 0};
  const Message txt{0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 1, 'x'};
  for (const Message& record : {soa, txt, txt})
    message.insert(message.end(), record.begin(), record.end());
  EXPECT_EQ(decode(message, kQuery)->records, 2U);  // but the SOA
  EXPECT_TRUE(decode(message, kQuery)->addresses.empty());
}

TEST(DnsMessage, AddressesOfAnotherTypeOrSectionAreNotTheAnswers) {
  Message message = response();
  message[7] = 1;
  message[11] = 1;  // the A record stands in the additional section
  EXPECT_TRUE(decode(message, kQuery)->addresses.empty());
  EXPECT_EQ(decode(message, kQuery)->records, 2U);
}

TEST(DnsMessage, SaysWhenThereIsMore) {
  Message message = response();
  EXPECT_FALSE(decode(message, kQuery)->is_truncated);
  message[2] |= 0x02;
  EXPECT_TRUE(decode(message, kQuery)->is_truncated);
}

TEST(DnsMessage, EveryTruncationIsRefused) {
  for (const auto& [message, query] :
       {std::pair(response(), kQuery), std::pair(refusal(3, "egressd: no"), kEdnsQuery)}) {
    for (std::size_t size = 0; size < message.size(); ++size) {
      EXPECT_FALSE(decode(std::span(message).first(size), query)) << size;
    }
  }
}

TEST(DnsMessage, SurvivesAnyOctets) {
  std::mt19937 random(1);
  for (int i = 0; i < 40'000; ++i) {
    const Query& query = i % 2 == 0 ? kQuery : kEdnsQuery;
    Message message = i % 2 == 0 ? response() : refusal(5, "egressd: not allowed");
    for (int n = 0; n < 3; ++n)
      message[random() % message.size()] = static_cast<std::uint8_t>(random());
    message.resize(random() % (message.size() + 1));
    const auto decoded = decode(message, query);
    if (decoded) {
      EXPECT_LE(decoded->addresses.size(), 2U);
    }
  }
}

TEST(DnsMessage, NamesTypes) {
  EXPECT_EQ(type_text(kTypeHttps), "HTTPS");
  EXPECT_EQ(type_text(10), "TYPE10");
}

TEST(DnsMessage, NamesRcodes) {
  EXPECT_EQ(rcode_text(3), "NXDOMAIN");
  EXPECT_EQ(rcode_text(11), "RCODE 11");
}

}  // namespace
}  // namespace egress::probe
