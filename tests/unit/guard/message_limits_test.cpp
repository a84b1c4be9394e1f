// Each limit of the codec at the limit and one past it.
#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "egress/guard/message.hpp"
#include "support/dns_octets.hpp"
#include "support/reply_text.hpp"

namespace egress::guard {
namespace {

using namespace test;

constexpr Counts kWithOpt{1, 0, 0, 1};

bool is_query(const Octets& message) {
  return std::holds_alternative<Query>(read_query(message));
}
Query query(std::string_view name = "www.example.com") {
  return std::get<Query>(read_query(header(0x0100) + question(name)));
}
Query query_with_opt(std::string_view name = "www.example.com", unsigned udp_size = 1232) {
  return std::get<Query>(read_query(header(0x0100, kWithOpt) + question(name) + opt(udp_size)));
}
Octets written(const Query& query, const Reply& reply, std::size_t room = kUdpOctets) {
  Octets out;
  write_reply(query, reply, room, out);
  return out;
}
bool is_cut(const Octets& reply) {
  return (reply.at(2) & 0x02U) != 0;
}
std::vector<IpAddress> v4(std::size_t count) {
  return {count, IpAddress::v4({192, 0, 2, 1})};
}

TEST(MessageLimits, LabelsHaveAtMost63Octets) {
  EXPECT_TRUE(is_query(header(0x0100) + question(std::string(63, 'x'))));
  EXPECT_FALSE(is_query(header(0x0100) + question(std::string(64, 'x'))));
}

TEST(MessageLimits, NamesHaveAtMost255Octets) {
  EXPECT_EQ(query(name_of(255)).wire_name().size(), 255u);
  EXPECT_FALSE(is_query(header(0x0100) + question(name_of(256))));
  EXPECT_FALSE(is_query(header(0x0100) + question(name_of(257))));
  // 127 labels of one octet: the most labels.
  std::string shortest = "a";
  while (shortest.size() < 253) shortest += ".a";
  EXPECT_TRUE(is_query(header(0x0100) + question(shortest)));
  EXPECT_FALSE(is_query(header(0x0100) + question(shortest + "a")));
}

TEST(MessageLimits, OneQuestionAndOneAdditionalRecord) {
  const Octets rest = question() + opt();
  EXPECT_TRUE(is_query(header(0x0100, kWithOpt) + rest));
  EXPECT_FALSE(is_query(header(0x0100, {2, 0, 0, 1}) + rest));
  EXPECT_FALSE(is_query(header(0x0100, {1, 1, 0, 1}) + rest));
  EXPECT_FALSE(is_query(header(0x0100, {1, 0, 1, 1}) + rest));
  EXPECT_FALSE(is_query(header(0x0100, {1, 0, 0, 2}) + rest));
}

TEST(MessageLimits, RoomOverUdp) {
  EXPECT_EQ(room_over_udp(query()), 512u);
  for (const auto& [offered, room] : {std::pair{0U, 512U},
                                      {512, 512},
                                      {513, 513},
                                      {1231, 1231},
                                      {1232, 1232},
                                      {1233, 1232},
                                      {65'535, 1232}})
    EXPECT_EQ(room_over_udp(query_with_opt("a", offered)), room) << offered;
}

// 12 + 17 + 4 octets of header and question, 16 for each address, 11 of OPT.
TEST(MessageLimits, AnAnswerAsLongAsTheRoomIsWholeOneOctetLessIsCut) {
  const auto ten = v4(30);
  const Octets whole = written(query(), {.addresses = ten}, 33 + 30 * 16);
  EXPECT_EQ(whole.size(), 513u);
  EXPECT_FALSE(is_cut(whole));
  EXPECT_EQ(written(query(), {.addresses = ten}, 512), header(0x8380) + question());

  EXPECT_EQ(written(query_with_opt(), {.addresses = ten}, 524).size(), 524u);
  EXPECT_EQ(written(query_with_opt(), {.addresses = ten}, 523),
            header(0x8380, kWithOpt) + question() + opt());
}

TEST(MessageLimits, TheSoaCountsToo) {
  const auto answers = v4(28);  // 481 octets; the SOA has 12 + 2 + 1 + 20
  const Reply reply{.addresses = answers, .zone = "example.com"};
  EXPECT_EQ(written(query(), reply, 516).size(), 516u);
  EXPECT_EQ(written(query(), reply, 515), header(0x8380) + question());
}

TEST(MessageLimits, CutKeepsRcodeAndError) {
  const auto answers = v4(100);
  const Reply reply{.rcode = Rcode::nxdomain,
                    .addresses = answers,
                    .error = ExtendedError::stale_answer,
                    .error_text = "old"};
  EXPECT_EQ(written(query_with_opt(), reply, 512),
            header(0x8383, kWithOpt) + question() + opt(1232, 0, option(15, u16(3) + text("old"))));
}

TEST(MessageLimits, NoMoreThanATcpMessageHolds) {
  const auto most = v4((kTcpOctets - 33) / 16);
  EXPECT_EQ(written(query(), {.addresses = most}, 1 << 20).size(), 33 + 16 * most.size());
  const auto more = v4(most.size() + 1);
  EXPECT_EQ(written(query(), {.addresses = more}, 1 << 20), header(0x8380) + question());
}

TEST(MessageLimits, ErrorTextIsCutAtItsLimit) {
  for (const std::size_t octets : {kErrorTextOctets - 1, kErrorTextOctets, kErrorTextOctets + 1}) {
    const std::string said(octets, 'x');
    const auto kept = static_cast<unsigned>(std::min(octets, kErrorTextOctets));
    EXPECT_EQ(written(query_with_opt(), {.error = ExtendedError::blocked, .error_text = said}),
              header(0x8180, kWithOpt) + question() +
                  opt(1232, 0, option(15, u16(15) + text(std::string(kept, 'x')))));
  }
}

TEST(MessageLimits, ErrorTextIsCutBetweenCharacters) {
  for (const std::string_view character : {"\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x9B\x91"})
    for (std::size_t before = kErrorTextOctets - 4; before <= kErrorTextOctets; ++before) {
      const std::string start(before, 'x');
      const bool fits = before + character.size() <= kErrorTextOctets;
      EXPECT_EQ(written(query_with_opt(), {.error = ExtendedError::blocked,
                                           .error_text = start + std::string(character) + "z"})
                    .size(),
                12 + 21 + 11 + 6 + before + (fits ? character.size() : 0) +
                    (before + character.size() < kErrorTextOctets ? 1 : 0))
          << before;
    }
}

TEST(MessageLimits, TextAndErrorGiveWayToAddresses) {
  const auto answers = v4(29);  // 33 + 464 + 11 = 508 octets
  const Reply reply{
      .addresses = answers, .error = ExtendedError::stale_answer, .error_text = "abcdef"};
  const auto size_in = [&](std::size_t room) {
    return written(query_with_opt(), reply, room).size();
  };
  EXPECT_EQ(size_in(513), 508u);
  EXPECT_EQ(size_in(514), 514u);
  EXPECT_EQ(size_in(517), 517u);
  EXPECT_EQ(size_in(520), 520u);
  EXPECT_EQ(size_in(600), 520u);
}

TEST(MessageLimits, TheSmallestRoomHoldsAnyQuestionAndTheLongestText) {
  const auto answers = v4(100);
  const std::string said(kErrorTextOctets, 'x');
  const Octets reply = written(
      query_with_opt(name_of(255)),
      {.addresses = answers, .error = ExtendedError::blocked, .error_text = said}, kSmallestRoom);
  EXPECT_TRUE(is_cut(reply));
  EXPECT_EQ(reply.size(), 12 + 255 + 4 + 11 + 6 + kErrorTextOctets);
}

TEST(MessageLimits, ChainsHaveAtMost16Records) {
  std::vector<std::string> chain;
  for (std::size_t i = 0; i < limits::kCnameChain; ++i)
    chain.push_back("n" + std::to_string(i) + ".example.net");
  const auto answer = v4(1);
  EXPECT_TRUE(reply_text(written(query(), {.chain = chain, .addresses = answer}))
                  .ends_with("\nn15.example.net 1 0 192.0.2.1\n"));
  chain.push_back("one.more");
  EXPECT_EQ(written(query(), {.chain = chain, .addresses = answer}), header(0x8182) + question());
}

// More labels than are searched for, names as long as they get, nothing in common.
TEST(MessageLimits, TheLongestChainIsWritten) {
  std::vector<std::string> chain;
  for (std::size_t i = 0; i < limits::kCnameChain; ++i) {
    std::string name = "n" + std::string(1, static_cast<char>('a' + i));
    while (name.size() < 252) name += "." + std::string(1, static_cast<char>('a' + i));
    chain.push_back(name);
  }
  const auto answer = v4(1000);
  const Octets reply = written(query_with_opt(), {.chain = chain, .addresses = answer}, kTcpOctets);
  EXPECT_FALSE(is_cut(reply));
  EXPECT_TRUE(
      reply_text(reply).ends_with("\n" + chain.back() + " 1 0 192.0.2.1\n. 41 0 class 1232\n"));
}

// An SOA behind 16,384 octets: what stands there cannot be pointed to.
TEST(MessageLimits, NamesOutOfAPointersReachAreWrittenInFull) {
  for (const std::size_t count : {1021U, 1022U}) {
    const auto answer = v4(count);
    const Octets reply = written(query(), {.addresses = answer, .zone = "example.net"}, kTcpOctets);
    const std::size_t soa = 33 + 16 * count;  // 16,369 and 16,385
    const std::size_t mname = soa <= 0x3FFF ? 2 : 13;
    EXPECT_EQ(reply.size(), soa + 13 + 10 + mname + 1 + 20) << count;
    EXPECT_NE(reply_text(reply), "unreadable");
  }
}

}  // namespace
}  // namespace egress::guard
