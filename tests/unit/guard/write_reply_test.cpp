#include <gtest/gtest.h>

#include "egress/guard/message.hpp"
#include "support/dns_octets.hpp"
#include "support/reply_text.hpp"

namespace egress::guard {
namespace {

using namespace test;

constexpr unsigned kReplied = 0x8180;  // QR, RD, RA
constexpr Counts kWithOpt{1, 0, 0, 1};

Query query(const Octets& question, unsigned flags = 0x0100) {
  return std::get<Query>(read_query(header(flags) + question));
}
Query query_with_opt(const Octets& question, const Octets& record = opt()) {
  return std::get<Query>(read_query(header(0x0100, kWithOpt) + question + record));
}
Octets written(const Query& query, const Reply& reply, std::size_t room = kUdpOctets) {
  Octets out;
  write_reply(query, reply, room, out);
  return out;
}
std::vector<IpAddress> addresses(std::initializer_list<const char*> texts) {
  std::vector<IpAddress> out;
  for (const char* text : texts) out.push_back(*IpAddress::parse(text));
  return out;
}
Octets pointer(unsigned offset) {
  return u16(0xC000 + offset);
}
Octets soa_numbers(std::uint32_t minimum) {
  return u32(1) + u32(3600) + u32(1200) + u32(604'800) + u32(minimum);
}

TEST(WriteReply, Addresses) {
  const auto v4 = addresses({"192.0.2.1", "192.0.2.2"});
  EXPECT_EQ(written(query(question()), {.addresses = v4, .ttl = 300}),
            header(kReplied, {1, 2}) + question() + record(pointer(12), 1, 300, {192, 0, 2, 1}) +
                record(pointer(12), 1, 300, {192, 0, 2, 2}));
  const auto v6 = addresses({"2001:db8::1"});
  EXPECT_EQ(
      written(query(question("a", 28)), {.addresses = v6, .ttl = 0}),
      header(kReplied, {1, 1}) + question("a", 28) +
          record(pointer(12), 28, 0, {0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(WriteReply, ServicesWithTargetsThatAreNotCompressed) {
  const dns::Service one{1, 2, 389, "b.a"};
  const dns::Service two{3, 4, 636, "a"};
  const std::vector<const dns::Service*> services{&one, &two};
  EXPECT_EQ(written(query(question("a", 33)), {.ttl = 60, .services = services}),
            header(kReplied, {1, 2}) + question("a", 33) +
                record(pointer(12), 33, 60, {0, 1, 0, 2, 1, 133, 1, 'b', 1, 'a', 0}) +
                record(pointer(12), 33, 60, {0, 3, 0, 4, 2, 124, 1, 'a', 0}));
  const dns::Service bad{0, 0, 1, "a..b"};
  const std::vector<const dns::Service*> unwritable{&bad};
  EXPECT_EQ(written(query(question("a", 33)), {.ttl = 60, .services = unwritable}),
            header(kReplied | 2U) + question("a", 33));
}

TEST(WriteReply, TextsAsTheyAreAndCutWhereTheyDoNotFit) {
  const std::vector<dns::Text> texts{{2, 'h', 'i'}, {0}};
  EXPECT_EQ(written(query(question("a", 16)), {.ttl = 60, .texts = texts}),
            header(kReplied, {1, 2}) + question("a", 16) +
                record(pointer(12), 16, 60, {2, 'h', 'i'}) + record(pointer(12), 16, 60, {0}));
  const std::vector<dns::Text> large(8, dns::Text(256, 0));
  EXPECT_EQ(written(query(question("a", 16)), {.texts = large}, kSmallestRoom),
            header(kReplied | 0x0200U) + question("a", 16));
  EXPECT_EQ(written(query(question("a", 16)), {.texts = large}, kTcpOctets).size(),
            12 + 7 + 8 * (12 + 256u));
}

TEST(WriteReply, RotatesFromTheFirst) {
  const auto three = addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  for (const std::size_t first : {0U, 1U, 2U, 3U, 7U}) {
    const Octets reply = written(query(question("a")), {.addresses = three, .first = first});
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(reply.at(19 + 16 * i + 15), 1 + (first + i) % 3) << first;
  }
}

TEST(WriteReply, NeitherAnswersNorOpt) {
  EXPECT_EQ(written(query(question()), {}), header(kReplied) + question());
}

TEST(WriteReply, EchoesRdAndCdAndTheCaseOfTheQuestion) {
  const Octets mixed = question("wWw.ExAmPle.COM", 65);
  EXPECT_EQ(written(query(mixed, 0x0000), {}), header(0x8080) + mixed);
  EXPECT_EQ(written(query(mixed, 0x0110), {}), header(0x8190) + mixed);
}

TEST(WriteReply, SetsNothingElseThatTheClientSets) {
  EXPECT_EQ(written(query(question(), 0x0560 | 0x000F), {}), header(kReplied) + question());
}

TEST(WriteReply, Rcodes) {
  for (const Rcode rcode : {Rcode::noerror, Rcode::formerr, Rcode::servfail, Rcode::nxdomain,
                            Rcode::notimp, Rcode::refused})
    EXPECT_EQ(written(query(question()), {.rcode = rcode}),
              header(kReplied | static_cast<unsigned>(rcode)) + question());
  EXPECT_EQ(written(query_with_opt(question()), {.rcode = Rcode::badvers}),
            header(kReplied, kWithOpt) + question() + opt(1232, 0x0100'0000));
}

TEST(WriteReply, ChainOwnersArePointersToWhereTheNameWasWritten) {
  const std::vector<std::string> chain{"cdn.example.net", "a.example.net"};
  const auto v4 = addresses({"192.0.2.1"});
  // 12 + 17 + 4 = 33: the first record; its target stands 12 octets further, at 45, and
  // example.net in it at 49; the second record begins at 62, its target at 74.
  EXPECT_EQ(written(query(question()), {.chain = chain, .addresses = v4, .ttl = 60}),
            header(kReplied, {1, 3}) + question() +
                record(pointer(12), 5, 60, name("cdn.example.net")) +
                record(pointer(45), 5, 60, label("a") + pointer(49)) +
                record(pointer(74), 1, 60, {192, 0, 2, 1}));
}

TEST(WriteReply, ChainBackToAWholeNameIsAPointerAndOwnsByTheFirst) {
  const std::vector<std::string> chain{"www.example.com", "example.com", "."};
  EXPECT_EQ(written(query(question()), {.chain = chain, .ttl = 1}),
            header(kReplied, {1, 3}) + question() + record(pointer(12), 5, 1, pointer(12)) +
                record(pointer(12), 5, 1, pointer(16)) + record(pointer(16), 5, 1, {0}));
}

TEST(WriteReply, CompressionNeverChangesALetter) {
  const std::vector<std::string> chain{"cdn.example.com", "cdn.EXAMPLE.com"};
  EXPECT_EQ(written(query(question("a.EXAMPLE.com")), {.chain = chain}),
            header(kReplied, {1, 2}) + question("a.EXAMPLE.com") +
                record(pointer(12), 5, 0, label("cdn") + label("example") + pointer(22)) +
                record(pointer(43), 5, 0, label("cdn") + pointer(14)));
}

TEST(WriteReply, ChainTargetsTakeEveryEscape) {
  const std::vector<std::string> chain{"a\\046\\\\b\\000\\.c.example"};
  EXPECT_EQ(written(query(question("a.example")), {.chain = chain}),
            header(kReplied, {1, 1}) + question("a.example") +
                record(pointer(12), 5, 0, label(std::string_view("a.\\b\0.c", 7)) + pointer(14)));
}

TEST(WriteReply, NoNameInTheChainOrZoneIsServfail) {
  const auto v4 = addresses({"192.0.2.1"});
  const std::vector<std::string> bad{"ok.example", "not..ok"};
  const Octets servfail = header(kReplied | 2) + question();
  EXPECT_EQ(written(query(question()), {.chain = bad, .addresses = v4}), servfail);
  EXPECT_EQ(written(query(question()), {.rcode = Rcode::nxdomain, .zone = "\\"}), servfail);
  EXPECT_EQ(written(query_with_opt(question()),
                    {.chain = bad, .error = ExtendedError::stale_answer, .error_text = "old"}),
            header(kReplied | 2, kWithOpt) + question() + opt());
}

TEST(WriteReply, SoaOfAZoneAboveTheQuestion) {
  EXPECT_EQ(
      written(query(question()), {.rcode = Rcode::nxdomain, .ttl = 60, .zone = "example.com"}),
      header(kReplied | 3, {1, 0, 1}) + question() +
          record(pointer(16), 6, 60, pointer(16) + Octets{0} + soa_numbers(60)));
}

TEST(WriteReply, SoaOfTheRootAndOfAnUnrelatedZone) {
  EXPECT_EQ(
      written(query(question()), {.ttl = 5, .zone = "."}),
      header(kReplied, {1, 0, 1}) + question() + record({0}, 6, 5, Octets{0, 0} + soa_numbers(5)));
  EXPECT_EQ(written(query(question()), {.ttl = 5, .zone = "test"}),
            header(kReplied, {1, 0, 1}) + question() +
                record(name("test"), 6, 5, pointer(33) + Octets{0} + soa_numbers(5)));
}

TEST(WriteReply, ChainToNoDataHasAnSoaToo) {
  const std::vector<std::string> chain{"cdn.example.net"};
  EXPECT_EQ(reply_text(written(query_with_opt(question("www.example.com", 28)),
                               {.chain = chain, .ttl = 30, .zone = "example.net"})),
            "8180 1 1 1 1\n"
            "www.example.com 28\n"
            "www.example.com 5 30 cdn.example.net\n"
            "example.net 6 30 minimum 30\n"
            ". 41 0 class 1232\n");
}

TEST(WriteReply, OptCopiesDoAndTellsOurSize) {
  EXPECT_EQ(written(query_with_opt(question(), opt(4096, 0x8000)), {}),
            header(kReplied, kWithOpt) + question() + opt(1232, 0x8000));
  const Octets cookie = option(10, text("12345678"));
  EXPECT_EQ(written(query_with_opt(question(), opt(512, 0, cookie)), {}),
            header(kReplied, kWithOpt) + question() + opt(1232));
}

TEST(WriteReply, ExtendedErrorOnlyToWhoSpeaksEdns) {
  const Reply blocked{.rcode = Rcode::nxdomain,
                      .error = ExtendedError::blocked,
                      .error_text = "egressd: not allowed"};
  EXPECT_EQ(written(query(question()), blocked), header(kReplied | 3) + question());
  EXPECT_EQ(written(query_with_opt(question()), blocked),
            header(kReplied | 3, kWithOpt) + question() +
                opt(1232, 0, option(15, u16(15) + text("egressd: not allowed"))));
  EXPECT_EQ(written(query_with_opt(question()), {.error = ExtendedError::stale_answer}),
            header(kReplied, kWithOpt) + question() + opt(1232, 0, option(15, u16(3))));
}

TEST(WriteReply, TheIndependentReaderUnderstandsTheWhole) {
  const std::vector<std::string> chain{"www.example.com.cdn.example.net", "e1.a.cdn.example.net"};
  const auto v6 = addresses({"2001:db8::1", "2001:db8::2"});
  EXPECT_EQ(reply_text(written(query_with_opt(question("www.example.com", 28)),
                               {.chain = chain, .addresses = v6, .first = 1, .ttl = 20})),
            "8180 1 4 0 1\n"
            "www.example.com 28\n"
            "www.example.com 5 20 www.example.com.cdn.example.net\n"
            "www.example.com.cdn.example.net 5 20 e1.a.cdn.example.net\n"
            "e1.a.cdn.example.net 28 20 2001:db8::2\n"
            "e1.a.cdn.example.net 28 20 2001:db8::1\n"
            ". 41 0 class 1232\n");
}

TEST(WriteReply, ABufferUsedAgainIsNotAllocatedAgain) {
  const auto v4 = addresses({"192.0.2.1"});
  const Query asked = query_with_opt(question());
  Octets out;
  write_reply(asked, {.addresses = v4, .error = ExtendedError::blocked}, kUdpOctets, out);
  const auto* memory = out.data();
  out.assign(out.capacity(), 0xFF);
  write_reply(asked, {.addresses = v4}, kUdpOctets, out);
  EXPECT_EQ(out.data(), memory);
  EXPECT_EQ(out, header(kReplied, {1, 1, 0, 1}) + question() +
                     record(pointer(12), 1, 0, {192, 0, 2, 1}) + opt());
}

}  // namespace
}  // namespace egress::guard
