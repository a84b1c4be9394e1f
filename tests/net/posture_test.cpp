// open, panic and resume on the real daemon: what passes, how each ends, and what outlives a crash.
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class Posture : public NetTest {
 protected:
  Posture() { dns.set("api.openai.com", {.addresses = {kApi4, kApi6}}); }

  // What the policy allows, and no more.
  void expect_enforcing() {
    EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
    EXPECT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }));
    EXPECT_EQ(tcp(kOther6), Seen::refused);
  }
  static bool says(const Finished& finished, const std::string& text) {
    return finished.output.find(text) != std::string::npos;
  }
};

TEST_F(Posture, OpenWithoutYesDoesNothing) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  const Finished open = daemon.egressctl({"open"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_TRUE(says(open, "nothing was done")) << open.output;
  expect_enforcing();
}

TEST_F(Posture, OpenLetsPassAndClosesByItself) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  expect_enforcing();
  ASSERT_EQ(daemon.egressctl({"open", "--yes", "--for", "8s"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  EXPECT_EQ(tcp(kOther6), Seen::answered);
  const Finished status = daemon.egressctl({"status"});
  EXPECT_TRUE(says(status, "OPEN: nothing is refused; closes in ")) << status.output;
  EXPECT_EQ(status.exit_code, 1);
  Connection made_meanwhile(lab.host(), kOther4, 443);
  ASSERT_GT(made_meanwhile.receive_for(300ms), 0U);
  EXPECT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }));
  EXPECT_EQ(tcp(kOther6), Seen::refused);
  EXPECT_TRUE(eventually([&] { return made_meanwhile.receive_for(100ms) == 0; }))
      << "a connection made while it was open goes on";
  EXPECT_EQ(daemon.egressctl({"status"}).exit_code, 0);
  EXPECT_NE(daemon.log().find("event=opened by=\"root (uid 0)\" for_s=8"), std::string::npos)
      << daemon.log();
  EXPECT_NE(daemon.log().find("event=closed"), std::string::npos);
}

TEST_F(Posture, ResumeClosesAtOnceAndVerifyFailsUntilThen) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  expect_enforcing();
  ASSERT_EQ(daemon.egressctl({"open", "--yes"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  const Finished verify = daemon.egressctl({"verify"});
  EXPECT_EQ(verify.exit_code, 1);
  EXPECT_TRUE(says(verify, "NOT ENFORCED: egressd is OPEN")) << verify.output;
  ASSERT_EQ(daemon.egressctl({"resume"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::refused);
}

TEST_F(Posture, OpenSurvivesNeitherACrashNorAStop) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"open", "--yes"}).exit_code, 0);
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  daemon.crash();
  daemon.start();
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  ASSERT_EQ(daemon.egressctl({"open", "--yes"}).exit_code, 0);
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  daemon.terminate();
  EXPECT_EQ(tcp(kOther4), Seen::refused) << "a stopped daemon leaves the table closed";
}

TEST_F(Posture, OpenForAWhileEndsAlsoWhereTheDaemonIsDead) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"open", "--yes", "--for", "3s"}).exit_code, 0);
  daemon.crash();
  EXPECT_EQ(tcp(kOther4), Seen::answered) << "positive control";
  EXPECT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }));
}

TEST_F(Posture, PanicStopsEverythingAndResumeBringsItBack) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  const TcpServer local(lab.host(), {8080});
  expect_enforcing();
  Connection download(lab.host(), kApi4, 443);
  ASSERT_GT(download.receive_for(300ms), 0U);
  const Finished panic = daemon.egressctl({"panic"});
  ASSERT_EQ(panic.exit_code, 0) << panic.output;
  download.receive_for(300ms);  // what had arrived already
  EXPECT_EQ(download.receive_for(700ms), 0U);
  const std::size_t arrived = far_side.count(kApi4, 443);
  EXPECT_EQ(tcp(kApi4), Seen::refused);
  EXPECT_EQ(tcp(kApi6), Seen::refused);
  EXPECT_EQ(udp(kResolver, 53), Seen::refused);
  EXPECT_EQ(far_side.count(kApi4, 443), arrived) << "packets left the host";
  EXPECT_EQ(tcp("127.0.0.1", 8080), Seen::answered);
  const Finished status = daemon.egressctl({"status"});
  EXPECT_TRUE(says(status, "PANIC: nothing but loopback passes (egressctl resume)"))
      << status.output;
  const Finished verify = daemon.egressctl({"verify"});
  EXPECT_EQ(verify.exit_code, 1);
  EXPECT_TRUE(says(verify, "FAILED: PANIC is on")) << verify.output;
  EXPECT_EQ(daemon.egressctl({"why", "api.openai.com:443"}).exit_code, 1);
  EXPECT_EQ(daemon.egressctl({"open", "--yes"}).exit_code, 1) << "panic is not ended by open";
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  ASSERT_EQ(daemon.egressctl({"resume"}).exit_code, 0);
  expect_enforcing();
  EXPECT_TRUE(eventually([&] { return download.receive_for(200ms) > 0; }));
  EXPECT_FALSE(download.is_dead());
}

TEST_F(Posture, PanicSurvivesACrashAndEndsAtItsTime) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  expect_enforcing();
  ASSERT_EQ(daemon.egressctl({"panic"}).exit_code, 0);
  daemon.crash();
  EXPECT_EQ(tcp(kApi4), Seen::refused);
  daemon.start();
  EXPECT_EQ(tcp(kApi4), Seen::refused);
  EXPECT_EQ(daemon.ask<control::StatusReply>(control::StatusRequest{}).state, "panic");
  ASSERT_EQ(daemon.egressctl({"panic", "--for", "4s"}).exit_code, 0);
  daemon.crash();
  daemon.start();
  expect_enforcing();
  daemon.crash();
  daemon.start();
  EXPECT_EQ(daemon.ask<control::StatusReply>(control::StatusRequest{}).state, "enforcing");
}

TEST_F(Posture, AUserWithoutRightsCanDoNoneOfIt) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  expect_enforcing();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"open", "--yes"},
                                                {"panic"},
                                                {"resume"},
                                                {"confirm"},
                                                {"apply", "/etc/hostname"},
                                                {"apply", "/etc/hostname", "--confirm", "30s"}}) {
    const Finished finished = daemon.egressctl(words, kNobody);
    EXPECT_EQ(finished.exit_code, 1) << words.front();
    EXPECT_TRUE(says(finished, "nobody (uid 65534) may not")) << finished.output;
  }
  expect_enforcing();
  ASSERT_EQ(daemon.egressctl({"panic"}).exit_code, 0);
  EXPECT_EQ(daemon.egressctl({"resume"}, kNobody).exit_code, 1);
  EXPECT_EQ(tcp(kApi4), Seen::refused);
}

class GuardPosture : public GuardTest {};

// Every name is answered by the resolver itself while it is open, and none but the allowed ones
// afterwards.
TEST_F(GuardPosture, OpenLetsQuestionsPassAndTheGuardTakesThemAgain) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  ASSERT_TRUE(is_blocked(ask("github.com")));
  ASSERT_EQ(daemon.egressctl({"open", "--yes"}).exit_code, 0);
  EXPECT_EQ(rcode_of(ask("github.com")), kNoError);
  EXPECT_TRUE(far_side.names_asked().contains("github.com"));
  ASSERT_EQ(daemon.egressctl({"resume"}).exit_code, 0);
  EXPECT_TRUE(is_blocked(ask("github.com")));
  EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

TEST_F(GuardPosture, PanicLetsNoQuestionPassAndTheGuardAnswersAgainAfterwards) {
  const Daemon daemon(lab, guarded_policy("\"*.example.com:443\""));
  dns.set("before.example.com", {.addresses = {kApi4}});
  dns.set("after.example.com", {.addresses = {kApi4}});
  ASSERT_EQ(rcode_of(ask("before.example.com")), kNoError);
  ASSERT_EQ(daemon.egressctl({"panic"}).exit_code, 0);
  EXPECT_FALSE(ask("secret.example.com"));
  ASSERT_EQ(daemon.egressctl({"resume"}).exit_code, 0);
  EXPECT_EQ(rcode_of(ask("after.example.com")), kNoError);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_FALSE(far_side.carried("secret")) << "a question left the host in panic";
}

}  // namespace
}  // namespace egress::test
