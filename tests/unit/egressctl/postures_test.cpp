// open, panic, resume: what is asked of the daemon, what is asked of the user, and what is shown.
#include <cstdlib>

#include "control/codec.hpp"
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

using control::OpenRequest;
using control::PanicRequest;
using control::PostureReply;

const PostureReply kOpen{"enforcing", "open", 598, ""};
const PostureReply kPanic{"enforcing", "panic", std::nullopt, ""};

TEST(Open, WithoutYesSaysWhatItWouldDoAndSendsNothing) {
  const FakeDaemon daemon([](const auto&) { return kOpen; });
  for (const auto& words : {std::vector<std::string>{"open"}, {"open", "--for", "10m"}}) {
    const Ran ran = run_egressctl(daemon.socket(), words);
    EXPECT_EQ(ran.exit, Exit::usage);
    EXPECT_NE(ran.err.find("reach everything"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("nothing was done"), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(daemon.requests().empty());
}

TEST(Open, AsksForTheTimeThatIsGiven) {
  const FakeDaemon daemon([](const auto&) { return kOpen; });
  const Ran ran = run_egressctl(daemon.socket(), {"open", "--yes", "--for", "10m"});
  EXPECT_EQ(daemon.request<OpenRequest>().for_s, 600);
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.out, "OPEN: nothing is refused; closes in 9m 58s (egressctl resume closes now)\n");
}

TEST(Open, AWrongTimeIsAUsageError) {
  const FakeDaemon daemon([](const auto&) { return kOpen; });
  for (const char* wrong : {"10", "soon", "8d", "0s"})
    EXPECT_EQ(run_egressctl(daemon.socket(), {"open", "--yes", "--for", wrong}).exit, Exit::usage);
  EXPECT_TRUE(daemon.requests().empty());
}

TEST(Panic, ActsAtOnce) {
  const FakeDaemon daemon([](const auto&) { return kPanic; });
  const Ran ran = run_egressctl(daemon.socket(), {"panic"});
  EXPECT_EQ(daemon.request<PanicRequest>().for_s, std::nullopt);
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.out, "PANIC: nothing but loopback passes (egressctl resume)\n");
}

// What was not wholly done is a failure, though the posture is in force.
TEST(Panic, AWarningIsShownAndIsAFailure) {
  PostureReply reply = kPanic;
  reply.warning = "a restart would end it: the disk is full";
  const Ran ran = run_against(reply, {"panic"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.err, "egressctl: a restart would end it: the disk is full\n");
}

class PanicOverSsh : public testing::Test {
 protected:
  PanicOverSsh() { setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22", 1); }
  ~PanicOverSsh() override { unsetenv("SSH_CONNECTION"); }

  // On a terminal, where the user types this.
  Ran panic(const std::string& typed, std::vector<std::string> words = {"panic"}) {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(typed);
    const Terminal terminal{.is_terminal = true};
    Context context{out, err, terminal, terminal, daemon.socket()};
    context.in = &in;
    std::vector<const char*> argv{"egressctl"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    const Exit exit = run(static_cast<int>(argv.size()), argv.data(), context);
    return {exit, out.str(), err.str()};
  }

  const FakeDaemon daemon{[](const auto&) { return kPanic; }};
};

TEST_F(PanicOverSsh, OnATerminalItHasToBeMeant) {
  for (const char* typed : {"", "\n", "yes\n", "PANIC!\n"}) {
    const Ran ran = panic(typed);
    EXPECT_EQ(ran.exit, Exit::usage) << typed;
    EXPECT_NE(ran.err.find("also this SSH session"), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(daemon.requests().empty());
  EXPECT_EQ(panic("panic\n").exit, Exit::done);
  EXPECT_EQ(daemon.requests().size(), 1U);
}

TEST_F(PanicOverSsh, WithYesAndForProgramsItActsAtOnce) {
  EXPECT_EQ(panic("", {"panic", "--yes"}).exit, Exit::done);
  EXPECT_EQ(run_egressctl(daemon.socket(), {"panic"}).exit, Exit::done) << "no terminal";
  EXPECT_EQ(daemon.requests().size(), 2U);
}

TEST(Resume, TellsWhatEnded) {
  EXPECT_EQ(run_against(PostureReply{"open", "enforcing", std::nullopt, ""}, {"resume"}).out,
            "closed: the policy is enforced again\n");
  EXPECT_EQ(run_against(PostureReply{"panic", "enforcing", std::nullopt, ""}, {"resume"}).out,
            "resumed: what the policy allows passes again\n");
  EXPECT_EQ(run_against(PostureReply{"enforcing", "enforcing", std::nullopt, ""}, {"resume"}).out,
            "the policy is enforced already\n");
}

TEST(Postures, ArePrintedAsJson) {
  EXPECT_EQ(run_against(kOpen, {"open", "--yes", "--json"}).out,
            control::encode(control::Reply(kOpen)));
}

control::StatusReply status_of(const std::string& state) {
  control::StatusReply status;
  status.version = "1";
  status.mode = "enforce";
  status.state = state;
  return status;
}

TEST(Postures, StandInCapitalsAtTheHeadOfTheStatus) {
  control::StatusReply open = status_of("open");
  open.until_s = 598;
  const Ran opened = run_against(open, {"status"});
  EXPECT_EQ(
      opened.out.find("OPEN: nothing is refused; closes in 9m 58s (egressctl resume closes now)\n"),
      0U)
      << opened.out;
  EXPECT_EQ(opened.exit, Exit::failed);
  EXPECT_NE(opened.out.find("let pass"), std::string::npos);
  const Ran panic = run_against(status_of("panic"), {"status"});
  EXPECT_EQ(panic.out.find("PANIC: nothing but loopback passes (egressctl resume)\n"), 0U);
  EXPECT_EQ(panic.exit, Exit::done);
}

TEST(Postures, StandAboveTheList) {
  const Ran ran = run_against(control::ListReply{{}, "panic"}, {"list"});
  EXPECT_EQ(ran.out.find("PANIC: nothing but loopback passes"), 0U) << ran.out;
  EXPECT_EQ(
      run_against(control::ListReply{{}, "enforcing"}, {"list"}).out.find("nothing is allowed"),
      0U);
}

TEST(Postures, AnUnconfirmedPolicyStandsInTheStatus) {
  control::StatusReply status = status_of("enforcing");
  status.unconfirmed_s = 21;
  EXPECT_NE(run_against(status, {"status"}).out.find("unconfirmed policy, reverts in 21s"),
            std::string::npos);
}

}  // namespace
}  // namespace egress::ctl
