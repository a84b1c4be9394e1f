// 0 done, 1 refused or failed, 2 usage, 3 the daemon cannot be reached.
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

const std::string kNowhere = "/nonexistent/control.sock";

TEST(ExitCodes, AWrongCommandLineIsTwoAndNothingIsSent) {
  const FakeDaemon daemon([](const auto&) { return control::ReloadReply{}; });
  const std::vector<std::vector<std::string>> wrong = {{"frobnicate"},
                                                       {"allow"},
                                                       {"deny"},
                                                       {"why"},
                                                       {"check"},
                                                       {"list", "x"},
                                                       {"status", "-q"},
                                                       {"reload", "now"},
                                                       {"--socket"},
                                                       {"allow", "a", "--for"},
                                                       {"diff", "x"},
                                                       {"list", "deny"},
                                                       {"why", "a", "b"},
                                                       {"--bogus"},
                                                       {"allow", "a", "--for", "15"},
                                                       {"dns", "--latest", "257"},
                                                       {"dns", "--latest", "-1"},
                                                       {"dns", "--latest", "all"},
                                                       {"dns", "a.example"},
                                                       {"version", "1"}};
  for (const auto& arguments : wrong) {
    const Ran ran = run_egressctl(daemon.socket(), arguments);
    EXPECT_EQ(ran.exit, Exit::usage) << arguments.front();
    EXPECT_NE(ran.err, "");
    EXPECT_EQ(ran.out, "");
  }
  EXPECT_TRUE(daemon.requests().empty());
}

TEST(ExitCodes, AUsageErrorNamesTheTokenAndTheForm) {
  EXPECT_NE(run_egressctl(kNowhere, {"allow", "a", "--for", "soon"})
                .err.find("\"soon\" is not a duration; accepted: 5s, 15m, 2h30m, 7d, up to 365d"),
            std::string::npos);
}

TEST(ExitCodes, NoDaemonIsThree) {
  for (const char* command : {"status", "list", "diff", "dns", "reload", "verify"}) {
    const Ran ran = run_egressctl(kNowhere, {command});
    EXPECT_EQ(ran.exit, Exit::unreachable) << command;
    EXPECT_NE(ran.err.find("systemctl start egressd"), std::string::npos) << command;
  }
  for (const char* command : {"allow", "deny", "why"}) {
    EXPECT_EQ(run_egressctl(kNowhere, {command, "a.example"}).exit, Exit::unreachable) << command;
  }
  EXPECT_EQ(run_egressctl(kNowhere, {}).exit, Exit::unreachable);
}

TEST(ExitCodes, NoDaemonIsJsonForPrograms) {
  const Ran ran = run_egressctl(kNowhere, {"status", "--json"});
  EXPECT_EQ(ran.exit, Exit::unreachable);
  EXPECT_EQ(
      ran.out.find("{\"reply\":\"refused\",\"code\":\"unreachable\",\"message\":\"no daemon at"),
      0U);
  EXPECT_EQ(ran.err, "");
}

TEST(ExitCodes, ARefusalIsOneAndIsTold) {
  const control::Refused refused{"denied", "nobody may not\x1b[2J change the policy"};
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"allow", "a"},
                                                    {"deny", "a"},
                                                    {"reload"},
                                                    {"list"},
                                                    {"why", "a"},
                                                    {"diff"},
                                                    {"dns"},
                                                    {}}) {
    const Ran ran = run_against(refused, arguments);
    EXPECT_EQ(ran.exit, Exit::failed);
    EXPECT_EQ(ran.err, "egressctl: nobody may not\\x1b[2J change the policy\n");
    EXPECT_EQ(ran.out, "");
  }
}

TEST(ExitCodes, AReplyToAnotherQuestionIsAFailure) {
  const Ran ran = run_against(control::ReloadReply{}, {"list"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_NE(ran.err.find("does not belong to the request"), std::string::npos);
}

TEST(ExitCodes, HelpAndVersionAreZero) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"allow", "--help"},
                                                    {"verify", "--help"},
                                                    {"--version"}}) {
    const Ran ran = run_egressctl(kNowhere, arguments);
    EXPECT_EQ(ran.exit, Exit::done);
    EXPECT_NE(ran.out, "");
    EXPECT_EQ(ran.err, "");
  }
}

TEST(ExitCodes, TheSocketIsTakenOnEitherSideOfTheCommand) {
  const FakeDaemon daemon([](const auto&) { return control::ReloadReply{}; });
  EXPECT_EQ(run_egressctl(kNowhere, {"--socket", daemon.socket(), "reload"}).exit, Exit::done);
  EXPECT_EQ(run_egressctl(kNowhere, {"reload", "--socket", daemon.socket()}).exit, Exit::done);
}

}  // namespace
}  // namespace egress::ctl
