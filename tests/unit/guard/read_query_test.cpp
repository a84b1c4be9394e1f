#include <gtest/gtest.h>

#include "egress/guard/message.hpp"
#include "support/dns_octets.hpp"

namespace egress::guard {
namespace {

using namespace test;

constexpr unsigned kRd = 0x0100;
constexpr Counts kWithOpt{1, 0, 0, 1};

struct Accepted {
  const char* what;
  Octets message;
  std::uint16_t type = 1;
  std::optional<Edns> edns{};
};

const Accepted kAccepted[] = {
    {"a plain question", header(kRd) + question()},
    {"AD, and a bit that no one uses", header(kRd | 0x0020 | 0x0040) + question()},
    {"AA, RA and a response's rcode, which mean nothing here",
     header(kRd | 0x0480 | 2) + question()},
    {"the root", header(kRd) + question("", 2), 2},
    {"every type", header(kRd) + question("www.example.com", 65'535), 65'535},
    {"AXFR", header(kRd) + question("example.com", 252), 252},
    {"EDNS", header(kRd, kWithOpt) + question() + opt(4096), 1, Edns{4096, 0, false}},
    {"DO", header(kRd, kWithOpt) + question() + opt(1232, 0x8000), 1, Edns{1232, 0, true}},
    {"flags beside DO, and an upper rcode",
     header(kRd, kWithOpt) + question() + opt(1232, 0xFF007FFF), 1, Edns{1232, 0, false}},
    {"too small an UDP size", header(kRd, kWithOpt) + question() + opt(511), 1,
     Edns{512, 0, false}},
    {"no UDP size", header(kRd, kWithOpt) + question() + opt(0), 1, Edns{512, 0, false}},
    {"cookie, client subnet, NSID and padding",
     header(kRd, kWithOpt) + question() +
         opt(1232, 0,
             option(10, text("12345678")) + option(8, {0, 1, 24, 0, 192, 0, 2}) + option(3, {}) +
                 option(12, Octets(100))),
     1, Edns{1232, 0, false}},
    {"an option that no one knows, twice",
     header(kRd, kWithOpt) + question() + opt(1232, 0, option(65'001, {1}) + option(65'001, {})), 1,
     Edns{1232, 0, false}},
};

TEST(ReadQuery, TakesWhatIsWellFormed) {
  for (const Accepted& accepted : kAccepted) {
    SCOPED_TRACE(accepted.what);
    const auto read = read_query(accepted.message);
    const auto* query = std::get_if<Query>(&read);
    ASSERT_TRUE(query);
    EXPECT_EQ(query->id, kId);
    EXPECT_TRUE(query->recursion_desired);
    EXPECT_EQ(query->type, accepted.type);
    ASSERT_EQ(query->edns.has_value(), accepted.edns.has_value());
    if (!accepted.edns) continue;
    EXPECT_EQ(query->edns->udp_size, accepted.edns->udp_size);
    EXPECT_EQ(query->edns->version, 0);
    EXPECT_EQ(query->edns->wants_dnssec, accepted.edns->wants_dnssec);
  }
}

TEST(ReadQuery, KeepsTheNameAsItCameAndTheTwoFlags) {
  for (const unsigned flags : {0x0000U, 0x0100U, 0x0010U, 0x0110U}) {
    const auto read = read_query(header(flags) + question("wWw.ExAmPle.COM", 28));
    const auto& query = std::get<Query>(read);
    const auto wire = query.wire_name();
    EXPECT_EQ(Octets(wire.begin(), wire.end()), name("wWw.ExAmPle.COM"));
    EXPECT_EQ(query.recursion_desired, (flags & 0x0100U) != 0);
    EXPECT_EQ(query.checking_disabled, (flags & 0x0010U) != 0);
  }
}

struct Rejected {
  const char* what;
  Octets message;
  Octets reply;
};

// What comes back: the opcode and RD of the question beside QR and the rcode; RA where the question
// was understood.
Octets refused(unsigned flags) {
  return header(0x8000 | flags, {0});
}
Octets refused(unsigned flags, const Octets& question) {
  return header(0x8000 | flags) + question;
}

const Octets kTsig = record(name("key"), 250, 0, Octets(40));
const Octets kTwoQuestions = question() + question();
const Octets kTypeOnly = name("www.example.com") + u16(1);

const Rejected kRejected[] = {
    {"nothing", {}, {}},
    {"less than a header", Octets(11), {}},
    {"a response", header(0x8180) + question(), {}},
    {"a response that is an error", header(0x8181, {0}), {}},

    {"inverse query", header(0x0800) + question(), refused(0x0804, question())},
    {"STATUS without a question", header(0x1000, {0}), refused(0x1004)},
    {"NOTIFY with RD and AA", header(0x2500) + question("example.com", 6),
     refused(0x2104, question("example.com", 6))},
    {"NOTIFY with an answer", header(0x2400, {1, 1}) + question() + Octets(30),
     refused(0x2004, question())},
    {"UPDATE", header(0x2800, {1, 0, 3}) + question("example.com", 6),
     refused(0x2804, question("example.com", 6))},
    {"the last opcode", header(0x7900) + question(), refused(0x7904, question())},
    {"another opcode and a name that cannot be read", header(0x2800) + Octets{3, 'w'},
     refused(0x2804)},
    {"another opcode with an OPT", header(0x2800, kWithOpt) + question() + opt(),
     refused(0x2804, question())},

    {"TC", header(0x0300) + question(), refused(0x0101, question())},
    {"no question", header(kRd, {0}), refused(0x0101)},
    {"no question counted, one there", header(kRd, {0}) + question(), refused(0x0101)},
    {"two questions", header(kRd, {2}) + kTwoQuestions, refused(0x0101)},
    {"65,535 questions", header(kRd, {65'535}) + question(), refused(0x0101)},
    {"a question counted, none there", header(kRd), refused(0x0101)},
    {"a name without an end", header(kRd) + label("www"), refused(0x0101)},
    {"a label cut short", header(kRd) + Octets{3, 'w'}, refused(0x0101)},
    {"a question without type", header(kRd) + name("www.example.com"), refused(0x0101)},
    {"a question without class", header(kRd) + kTypeOnly, refused(0x0101)},
    {"half a class", header(kRd) + kTypeOnly + Octets{0}, refused(0x0101)},
    {"compression to itself", header(kRd) + Octets{0xC0, 12} + u16(1) + u16(1), refused(0x0101)},
    {"compression after a label", header(kRd) + label("www") + Octets{0xC0, 12} + u16(1) + u16(1),
     refused(0x0101)},
    {"an extended label", header(kRd) + Octets{0x41, 1} + question(), refused(0x0101)},

    {"an answer", header(kRd, {1, 1}) + question() + record(name("a"), 1, 0, {192, 0, 2, 1}),
     refused(0x0101, question())},
    {"an authority", header(kRd, {1, 0, 1}) + question() + record(name("a"), 2, 0, name("b")),
     refused(0x0101, question())},
    {"trailing octet", header(kRd) + question() + Octets{0}, refused(0x0101, question())},
    {"an OPT that is not counted", header(kRd) + question() + opt(), refused(0x0101, question())},
    {"an OPT counted, none there", header(kRd, kWithOpt) + question(), refused(0x0101, question())},
    {"octet after the OPT", header(kRd, kWithOpt) + question() + opt() + Octets{0},
     refused(0x0101, question())},
    {"an OPT cut short",
     header(kRd, kWithOpt) + question() + Octets{0, 0, 41, 4, 208, 0, 0, 0, 0, 0},
     refused(0x0101, question())},
    {"two OPTs", header(kRd, {1, 0, 0, 2}) + question() + opt() + opt(),
     refused(0x0101, question())},
    {"an OPT of another owner", header(kRd, kWithOpt) + question() + Octets{1, 'a'} + opt(),
     refused(0x0101, question())},
    {"the fields of an OPT behind another octet",
     header(kRd, kWithOpt) + question() + Octets{1, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0},
     refused(0x0101, question())},
    {"an OPT whose owner is a pointer to the root",
     header(kRd, kWithOpt) + question("") + Octets{0xC0, 12, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0},
     refused(0x0101, question(""))},
    {"TSIG", header(kRd, kWithOpt) + question() + kTsig, refused(0x0101, question())},
    {"TSIG after an OPT", header(kRd, {1, 0, 0, 2}) + question() + opt() + kTsig,
     refused(0x0101, question())},
    {"SIG(0)", header(kRd, kWithOpt) + question() + record({0}, 24, 0, Octets(30)),
     refused(0x0101, question())},
    {"an address", header(kRd, kWithOpt) + question() + record({0}, 1, 0, {192, 0, 2, 1}),
     refused(0x0101, question())},
    {"an option without length", header(kRd, kWithOpt) + question() + opt(1232, 0, u16(10)),
     refused(0x0101, question())},
    {"an option longer than the OPT",
     header(kRd, kWithOpt) + question() + opt(1232, 0, u16(10) + u16(9) + text("12345678")),
     refused(0x0101, question())},
    {"an octet after the last option",
     header(kRd, kWithOpt) + question() + opt(1232, 0, option(3, {}) + Octets{0}),
     refused(0x0101, question())},

    {"EDNS version 1", header(kRd, kWithOpt) + question() + opt(4096, 0x0001'0000),
     header(0x8180, kWithOpt) + question() + opt(1232, 0x0100'0000)},
    {"the last EDNS version, DO, options of whatever form",
     header(kRd, kWithOpt) + question() + opt(4096, 0x00FF'8000, {1, 2, 3}),
     header(0x8180, kWithOpt) + question() + opt(1232, 0x0100'8000)},
    {"EDNS version 1, twice",
     header(kRd, {1, 0, 0, 2}) + question() + opt(4096, 0x0001'0000) + opt(4096, 0x0001'0000),
     refused(0x0101, question())},

    {"class CH", header(kRd) + question("version.bind", 16, 3),
     refused(0x0185, question("version.bind", 16, 3))},
    {"class HS", header(0) + question("example.com", 1, 4),
     refused(0x0085, question("example.com", 1, 4))},
    {"class ANY", header(kRd) + question("example.com", 1, 255),
     refused(0x0185, question("example.com", 1, 255))},
    {"class 0", header(kRd) + question("example.com", 1, 0),
     refused(0x0185, question("example.com", 1, 0))},
    {"class CH with DO", header(kRd, kWithOpt) + question("version.bind", 16, 3) + opt(512, 0x8000),
     header(0x8185, kWithOpt) + question("version.bind", 16, 3) + opt(1232, 0x8000)},
};

TEST(ReadQuery, RejectsEverythingElse) {
  for (const Rejected& rejected : kRejected) {
    SCOPED_TRACE(rejected.what);
    const auto read = read_query(rejected.message);
    const auto* unusable = std::get_if<Unusable>(&read);
    ASSERT_TRUE(unusable);
    EXPECT_EQ(unusable->reply, rejected.reply);
  }
}

TEST(ReadQuery, AMessageCutShortAnywhereIsNoQuery) {
  const Octets whole =
      header(kRd, kWithOpt) + question() + opt(1232, 0, option(10, text("cookie")));
  ASSERT_TRUE(std::holds_alternative<Query>(read_query(whole)));
  for (std::size_t octets = 0; octets < whole.size(); ++octets) {
    const auto read = read_query(std::span(whole).first(octets));
    ASSERT_TRUE(std::holds_alternative<Unusable>(read)) << octets;
    EXPECT_EQ(std::get<Unusable>(read).reply.empty(), octets < 12) << octets;
  }
}

}  // namespace
}  // namespace egress::guard
