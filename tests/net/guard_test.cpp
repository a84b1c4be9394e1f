// The DNS guard: whoever is asked, egressd answers, for allowed names only, and what it answers is
// open.
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class Guard : public GuardTest {};

struct Asked {
  const char* name;
  DnsServerAddress server;
  bool is_far;  // it can be reached without egressd
};

class GuardWays : public GuardTest, public ::testing::WithParamInterface<Asked> {};

INSTANTIATE_TEST_SUITE_P(
    Of, GuardWays,
    ::testing::Values(
        Asked{"SystemUdp", {kResolver}, true}, Asked{"SystemTcp", {kResolver, Over::tcp}, true},
        Asked{"Public4Udp", {kPublic4}, true}, Asked{"Public4Tcp", {kPublic4, Over::tcp}, true},
        Asked{"Public6Udp", {kPublic6}, true}, Asked{"Public6Tcp", {kPublic6, Over::tcp}, true},
        Asked{"SystemdStubUdp", {"127.0.0.53"}, false},
        Asked{"SystemdStubTcp", {"127.0.0.53", Over::tcp}, false},
        Asked{"Loopback6Udp", {"::1"}, false}, Asked{"Loopback6Tcp", {"::1", Over::tcp}, false}),
    [](const auto& of) { return of.param.name; });

TEST_P(GuardWays, LeadToAnAnswerWhoseAddressIsOpenAtOnce) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  const auto reply4 = ask(GetParam().server, "api.openai.com");
  ASSERT_EQ(rcode_of(reply4), kNoError);
  EXPECT_EQ(reply4->texts(kTypeA), std::vector<std::string>{kApi4});
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  const auto reply6 = ask(GetParam().server, "api.openai.com", kTypeAaaa);
  ASSERT_EQ(rcode_of(reply6), kNoError);
  EXPECT_EQ(reply6->texts(kTypeAaaa), std::vector<std::string>{kApi6});
  EXPECT_EQ(tcp(kApi6), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::refused);
}

TEST_P(GuardWays, CarryOutNoNameThatIsNotListed) {
  const auto& [name, server, is_far] = GetParam();
  (void)ask(server, "before.github.com");
  EXPECT_EQ(far_side.carried("\x06"
                             "before\x06github"),
            is_far);
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  Tap after(lab.net(), "host0");
  for (const char* question : {"github.com", "secret.api.openai.com", "openai.com", "."}) {
    const auto reply = ask(server, question == std::string(".") ? "" : question);
    EXPECT_TRUE(is_blocked(reply)) << question;
    ASSERT_TRUE(reply);
    EXPECT_NE(reply->error_text.find("egressd"), std::string::npos) << reply->error_text;
  }
  ASSERT_EQ(rcode_of(ask(server, "api.openai.com")), kNoError);
  EXPECT_FALSE(after.carried("github"));
  EXPECT_FALSE(after.carried("secret"));
  for (const std::string& asked : after.names_asked()) EXPECT_EQ(asked, "api.openai.com");
  EXPECT_EQ(after.count(kPublic4) + after.count(kPublic6), 0U);
}

TEST_F(Guard, FreshNamesBelowAWildcardAreOpenWhenTheirAnswerArrives) {
  constexpr int kNames = 150;
  const Daemon daemon(lab, guarded_policy("\"*.cdn.example.com:443\""));
  for (int i = 0; i < kNames; ++i) {
    const std::string name = "n" + std::to_string(i) + ".cdn.example.com";
    const std::string four = "104.18.40." + std::to_string(i);
    const std::string six = "2606:4700:40::" + std::to_string(i + 1);
    dns.set(name, {.addresses = {four, six}, .ttl = 1});
    if (i % 10 == 0) {
      ASSERT_EQ(tcp(four), Seen::refused);
      ASSERT_EQ(tcp(six), Seen::refused);
    }
    const auto reply =
        ask({kPublic4, i % 2 == 0 ? Over::udp : Over::tcp}, name, i % 4 < 2 ? kTypeA : kTypeAaaa);
    ASSERT_EQ(rcode_of(reply), kNoError) << name;
    ASSERT_EQ(reply->answers.size(), 1U) << name;
    ASSERT_EQ(tcp(reply->answers[0].text), Seen::answered) << name;
  }
  EXPECT_TRUE(is_blocked(ask("cdn.example.com"))) << "the base belongs to .cdn.example.com only";
  EXPECT_TRUE(is_blocked(ask("xcdn.example.com")));
}

TEST_F(Guard, AnExceptionBelowAWildcardIsNeitherAnsweredNorAskedNorOpen) {
  constexpr const char* kTelemetry = "telemetry.cdn.example.com";
  dns.set(kTelemetry, {.addresses = {kOther4}});
  dns.set("api.cdn.example.com", {.addresses = {kApi4}});
  Daemon daemon(lab, guarded_policy("\"*.cdn.example.com:443\""));
  ASSERT_EQ(rcode_of(ask(kTelemetry)), kNoError);
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  daemon.write_policy(
      guarded_policy("{ host: '*.cdn.example.com', except: [" + std::string(kTelemetry) + "] }"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::refused) << "what the wildcard had opened is closed";
  Tap after(lab.net(), "host0");
  EXPECT_TRUE(is_blocked(ask(kTelemetry)));
  EXPECT_TRUE(is_blocked(ask("x." + std::string(kTelemetry))));
  ASSERT_EQ(rcode_of(ask("api.cdn.example.com")), kNoError);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_FALSE(after.carried("telemetry"));
  const Finished why = daemon.egressctl({"why", kTelemetry});
  EXPECT_EQ(why.exit_code, 1);
  EXPECT_NE(why.output.find("*.cdn.example.com excepts it"), std::string::npos) << why.output;
  const Finished list = daemon.egressctl({"list"});
  EXPECT_NE(list.output.find("except " + std::string(kTelemetry)), std::string::npos)
      << list.output;
}

TEST_F(Guard, RefusesAsThePolicySays) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", "dns: { refuse_with: refused }"));
  EXPECT_TRUE(is_blocked(ask("github.com"), kRefused));
  EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
}

TEST_F(Guard, OtherTypesOfAnAllowedNameAreEmptyAndStay) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  ASSERT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  Tap after(lab.net(), "host0");
  for (const std::uint16_t type : {kTypeTxt, kTypeHttps, kTypeSvcb, kTypeAny, kTypeCname, kTypeMx,
                                   kTypeNull, kTypeAxfr, kTypePtr, kTypeSrv}) {
    const auto reply = ask("api.openai.com", type);
    EXPECT_EQ(rcode_of(reply), kNoError) << type;
    EXPECT_TRUE(reply && reply->answers.empty()) << type;
  }
  EXPECT_EQ(after.names_asked(), std::set<std::string>{});
}

TEST_F(Guard, KeepsTheCaseOfTheQuestion) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  const auto reply = ask("aPi.OpenAI.cOm");
  ASSERT_EQ(rcode_of(reply), kNoError);
  EXPECT_EQ(reply->name, "aPi.OpenAI.cOm");
  EXPECT_EQ(reply->texts(kTypeA), std::vector<std::string>{kApi4});
}

TEST_F(Guard, ANameThatPointsInsideIsRefusedAndLogged) {
  dns.set("rebind.example.com", {.addresses = {kMetadata, "10.20.30.40", "fd00:ec2::254"}});
  dns.set("half.example.com", {.addresses = {kMetadata, kApi4Second}});
  ASSERT_EQ(tcp(kMetadata, 80), Seen::answered);
  const Daemon daemon(lab, guarded_policy("rebind.example.com:80, half.example.com:80"));
  EXPECT_TRUE(is_blocked(ask("rebind.example.com")));
  EXPECT_TRUE(is_blocked(ask("rebind.example.com", kTypeAaaa)));
  const auto half = ask("half.example.com");
  ASSERT_EQ(rcode_of(half), kNoError);
  EXPECT_EQ(half->texts(kTypeA), std::vector<std::string>{kApi4Second});
  EXPECT_EQ(tcp(kApi4Second, 80), Seen::answered);
  for (const char* address : {kMetadata, "10.20.30.40", "fd00:ec2::254"})
    EXPECT_EQ(tcp(address, 80), Seen::refused) << address;
  EXPECT_NE(daemon.log().find("rebind.example.com"), std::string::npos) << daemon.log();
}

TEST_F(Guard, AnUpstreamThatFailsFailsThatQuestionAlone) {
  dns.set("servfail.example.com", {.addresses = {}, .rcode = kServFail});
  dns.set("refused.example.com", {.addresses = {}, .rcode = kRefused});
  dns.set("silent.example.com", {.addresses = {}, .is_silent = true});
  const Daemon daemon(lab, guarded_policy("servfail.example.com, refused.example.com, "
                                          "silent.example.com, gone.example.com, github.com"));
  DnsSocket patient(lab.host(), {kResolver});
  ASSERT_TRUE(patient.send(write_query({.name = "silent.example.com", .id = 7})));
  EXPECT_EQ(rcode_of(ask("servfail.example.com")), kServFail);
  EXPECT_EQ(rcode_of(ask("refused.example.com")), kServFail);
  EXPECT_EQ(rcode_of(ask("gone.example.com")), kNxdomain);
  EXPECT_EQ(ask("gone.example.com")->extended_error, std::nullopt) << "it is allowed, and is not";
  EXPECT_EQ(rcode_of(ask("github.com")), kNoError);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  const auto late = patient.receive(15s);
  EXPECT_EQ(rcode_of(late), kServFail) << "a client is told, and not left to its own timeout";
}

TEST_F(Guard, AnOlderAnswerIsGivenWhileTheUpstreamIsAway) {
  dns.set("api.openai.com", {.addresses = {kApi4}, .ttl = 1});
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  ASSERT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  dns.stop();
  EXPECT_TRUE(eventually([&] {
    const auto reply = ask("api.openai.com");
    return reply && reply->extended_error == kStaleAnswer &&
           reply->texts(kTypeA) == std::vector<std::string>{kApi4};
  }));
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

}  // namespace
}  // namespace egress::test
