// An upstream that lies: by its answers it opens only what it could open by honest ones, an address
// of the name that was asked for.
#include "net/forged_reply.hpp"
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
constexpr unsigned kTruncated = 0x0200;

struct Lie {
  const char* what;
  // The reply to a question; `poison` is an address that it must not open.
  Bytes (*tell)(const Bytes& question, const std::string& poison);
};

Bytes in_place_of_question(const Bytes& question, const Bytes& other, const std::string& poison) {
  return Bytes{question[0], question[1]} + u16(kAnswerFlags) + u16(1) + u16(1) + u32(0) + other +
         address_record(kAskedName, poison);
}

const std::vector<Lie> kLies{
    {"another id",
     [](const Bytes& question, const std::string& poison) {
       Bytes out = reply(question, {.answers = address_record(kAskedName, poison)});
       out[1] ^= 1U;
       return out;
     }},
    {"another question",
     [](const Bytes& question, const std::string& poison) {
       return in_place_of_question(question, guard::test::question("other.example.com"), poison);
     }},
    {"another type",
     [](const Bytes& question, const std::string& poison) {
       Bytes other = question_of(question);
       other[other.size() - 3] = kTypeTxt;
       return in_place_of_question(question, other, poison);
     }},
    {"another class",
     [](const Bytes& question, const std::string& poison) {
       Bytes other = question_of(question);
       other.back() = 3;
       return in_place_of_question(question, other, poison);
     }},
    {"no question",
     [](const Bytes& question, const std::string& poison) {
       return Bytes{question[0], question[1]} + u16(kAnswerFlags) + u16(0) + u16(1) + u32(0) +
              address_record(guard::test::name("lie.example.com"), poison);
     }},
    {"a question and not an answer",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(kAskedName, poison)}, 0x0100);
     }},
    {"the answer to an update",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(kAskedName, poison)},
                    kAnswerFlags | 0x2800U);
     }},
    {"NXDOMAIN with an address",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(kAskedName, poison)},
                    kAnswerFlags | kNxdomain);
     }},
    {"SERVFAIL with an address",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(kAskedName, poison)},
                    kAnswerFlags | kServFail);
     }},
    {"an address that is cut off, and rubbish over TCP",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(kAskedName, poison)},
                    kAnswerFlags | kTruncated);
     }},
    {"another owner",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(guard::test::name("github.com"), poison)});
     }},
    {"an address in the authority section",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.authorities = address_record(kAskedName, poison),
                               .answer_count = 0,
                               .authority_count = 1});
     }},
    {"an address in the additional section",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.additionals = address_record(kAskedName, poison),
                               .answer_count = 0,
                               .additional_count = 1});
     }},
    {"an alias that leads elsewhere",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = cname(kAskedName, guard::test::name("cdn.example.net")) +
                                          address_record(guard::test::name("github.com"), poison),
                               .answer_count = 2});
     }},
    {"an alias of itself",
     [](const Bytes& question, const std::string& poison) {
       return reply(question,
                    {.answers = cname(kAskedName, kAskedName) + address_record(kAskedName, poison),
                     .answer_count = 2});
     }},
    {"two aliases in a circle",
     [](const Bytes& question, const std::string& poison) {
       const Bytes other = guard::test::name("other.example.com");
       return reply(question, {.answers = cname(kAskedName, other) + cname(other, kAskedName) +
                                          address_record(other, poison),
                               .answer_count = 3});
     }},
    {"an owner that points to itself",
     [](const Bytes& question, const std::string& poison) {
       const auto at = static_cast<unsigned>(kHeader + question_of(question).size());
       return reply(question, {.answers = address_record(u16(0xc000U | at), poison)});
     }},
    {"an owner that points ahead",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = address_record(u16(0xffff), poison)});
     }},
    {"labels that grow by pointing back",
     [](const Bytes& question, const std::string& poison) {
       const auto at = static_cast<unsigned>(kHeader + question_of(question).size());
       return reply(question, {.answers = address_record(label("a") + u16(0xc000U | at), poison)});
     }},
    {"more records than there are",
     [](const Bytes& question, const std::string& poison) {
       return reply(question,
                    {.answers = address_record(kAskedName, poison), .answer_count = 65'535});
     }},
    {"an address of 65,535 octets",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = kAskedName + u16(kTypeA) + u16(1) + u32(60) +
                                          u16(65'535) + address_octets(poison)});
     }},
    {"an address of 16 octets",
     [](const Bytes& question, const std::string& poison) {
       return reply(question, {.answers = guard::test::record(kAskedName, kTypeA, 60,
                                                              address_octets(poison) + Bytes(12))});
     }},
    {"a header alone",
     [](const Bytes& question, const std::string&) {
       return Bytes(question.begin(), question.begin() + kHeader);
     }},
    {"an octet", [](const Bytes& question, const std::string&) { return Bytes{question[0]}; }},
};

class GuardLies : public GuardTest {
 protected:
  static std::string name(std::size_t i) { return "lie" + std::to_string(i) + ".example.com"; }
  static std::string poison(std::size_t i) { return "104.18.41." + std::to_string(i + 1); }
};

TEST_F(GuardLies, OpenNothing) {
  for (std::size_t i = 0; i < kLies.size(); ++i) {
    ASSERT_EQ(tcp(poison(i)), Seen::answered);
    dns.set(name(i), {.addresses = {}, .lie = [i](const Bytes& question) {
                        return std::optional(kLies[i].tell(question, poison(i)));
                      }});
  }
  dns.set("lie.example.com",
          {.addresses = {}, .lie = [](const Bytes& question) {
             return std::optional(
                 reply(question, {.answers = address_record(kAskedName, kApi4Second)}));
           }});
  const Daemon daemon(lab, guarded_policy("\".example.com:443\", api.openai.com:443"));
  ASSERT_EQ(rcode_of(ask("lie.example.com")), kNoError);
  ASSERT_EQ(tcp(kApi4Second), Seen::answered) << "the same, told honestly";

  // All at once: some of the lies look like silence, and have to be waited for.
  DnsSocket client(lab.host(), {kResolver});
  for (std::size_t i = 0; i < kLies.size(); ++i)
    ASSERT_TRUE(client.send(write_query({.name = name(i), .id = static_cast<std::uint16_t>(i)})));
  for (std::size_t heard = 0; heard < kLies.size(); ++heard) {
    const auto answer = client.receive(15s);
    ASSERT_TRUE(answer) << heard << " of " << kLies.size() << " lies were answered";
    ASSERT_LT(answer->id, kLies.size());
    EXPECT_EQ(answer->texts(kTypeA), std::vector<std::string>{}) << kLies[answer->id].what;
  }
  for (std::size_t i = 0; i < kLies.size(); ++i)
    EXPECT_EQ(tcp(poison(i)), Seen::refused) << kLies[i].what;
  EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
}

TEST_F(GuardLies, WhatStandsBesideAnAnswerIsLeftOut) {
  const Bytes other = guard::test::name("github.com");
  dns.set(
      "half.example.com",
      {.addresses = {}, .lie = [&](const Bytes& question) {
         return std::optional(reply(
             question,
             {.answers = address_record(kAskedName, kApi4Second) + address_record(other, kOther4),
              .authorities = address_record(kAskedName, kOther4),
              .additionals = address_record(kAskedName, kOther4) + address_record(other, kOther4),
              .answer_count = 2,
              .authority_count = 1,
              .additional_count = 2}));
       }});
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  const Daemon daemon(lab, guarded_policy("half.example.com:443"));
  const auto answer = ask("half.example.com");
  ASSERT_EQ(rcode_of(answer), kNoError);
  EXPECT_EQ(answer->texts(kTypeA), std::vector<std::string>{kApi4Second});
  EXPECT_EQ(tcp(kApi4Second), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  EXPECT_TRUE(is_blocked(ask("github.com")));
}

// Where a chain of aliases leads is for whoever serves the name to say; its address is open as the
// name's own, and the names on the way are allowed no more than before.
TEST_F(GuardLies, AnAliasOpensAnAddressAndAllowsNoName) {
  dns.set("alias.example.com",
          {.addresses = {}, .lie = [](const Bytes& question) {
             const Bytes target = guard::test::name("github.com");
             return std::optional(reply(
                 question, {.answers = cname(kAskedName, target) + address_record(target, kOther4),
                            .answer_count = 2}));
           }});
  const Daemon daemon(lab, guarded_policy("alias.example.com:443"));
  const auto answer = ask("alias.example.com");
  ASSERT_EQ(rcode_of(answer), kNoError);
  EXPECT_EQ(answer->texts(kTypeCname), std::vector<std::string>{"github.com"});
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  EXPECT_EQ(tcp(kOther4, 80), Seen::refused);
  EXPECT_TRUE(is_blocked(ask("github.com")));
}

TEST_F(GuardLies, ATtlIsBounded) {
  const auto serve = [&](const std::string& of, std::uint32_t ttl) {
    dns.set(of, {.addresses = {}, .lie = [ttl](const Bytes& question) {
                   return std::optional(
                       reply(question, {.answers = address_record(kAskedName, kApi4, ttl)}));
                 }});
  };
  serve("longest.example.com", 0x7fff'ffff);
  serve("negative.example.com", 0xffff'ffff);
  const Daemon daemon(lab, guarded_policy("longest.example.com, negative.example.com"));
  const auto longest = ask("longest.example.com");
  ASSERT_EQ(rcode_of(longest), kNoError);
  EXPECT_LE(longest->answers.at(0).ttl, 3600U) << "max_ttl";
  const auto negative = ask("negative.example.com");
  ASSERT_EQ(rcode_of(negative), kNoError);
  EXPECT_LE(negative->answers.at(0).ttl, 1U) << "RFC 2181 section 8: as if it were zero";
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

// The resolver of the lab goes on sending over TCP after egressd has closed: the kernel answers
// that for nobody, with resets that bear no user.
TEST_F(GuardLies, WhatTheKernelResetsForAClosedQuestionIsNoRefusal) {
  dns.set("api.openai.com", {.addresses = {}, .lie = [](const Bytes& question) {
                               return reply(question, {}, kAnswerFlags | kTruncated);
                             }});
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  EXPECT_NE(rcode_of(ask("api.openai.com")), kNoError);
  const auto segments = [&] {
    return std::ranges::count_if(far_side.seen(), [](const SeenPacket& packet) {
      return packet.protocol == IPPROTO_TCP && packet.destination == kResolver && packet.port == 53;
    });
  };
  ASSERT_TRUE(eventually(
      [&] {
        far_side.count(kResolver);
        return segments() > 0;
      },
      10s))
      << "it asks over TCP";
  std::this_thread::sleep_for(2s);
  EXPECT_EQ(daemon.ask<control::RefusalsReply>(control::RefusalsRequest{}).refused_packets, 0U);
}

}  // namespace
}  // namespace egress::test
