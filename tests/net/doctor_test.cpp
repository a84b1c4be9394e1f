// `egressctl doctor` against the real daemon, on hosts that are weak in one respect each.
#include <gmock/gmock.h>

#include "net/net_test.hpp"

namespace egress::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Words may stand on the next line, whose indent is not theirs.
std::string unwrapped(const std::string& text) {
  std::string words;
  for (const char letter : text) {
    const bool is_space = letter == ' ' || letter == '\n';
    if (!is_space || (!words.empty() && words.back() != ' ')) words += is_space ? ' ' : letter;
  }
  return words;
}

class Doctor : public NetTest {
 protected:
  Doctor() {
    dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
    lab.on_host({"sysctl", "-q", "-w", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0"});
  }

  static Finished doctor(const Daemon& daemon, const std::string& setup = "",
                         std::vector<std::string> options = {}) {
    options.insert(options.begin(), "doctor");
    Finished finished = daemon.egressctl_alone(setup, std::move(options));
    finished.output = unwrapped(finished.output);
    return finished;
  }
  static void expect_weak(const Finished& finished, const std::string& what) {
    EXPECT_EQ(finished.exit_code, 1) << finished.output;
    EXPECT_THAT(finished.output, HasSubstr("weak " + what));
    EXPECT_THAT(finished.output, HasSubstr("1 weakness,"));
  }
  static void expect_fine(const Finished& finished) {
    EXPECT_EQ(finished.exit_code, 0) << finished.output;
    EXPECT_THAT(finished.output, Not(HasSubstr("weak ")));
    EXPECT_THAT(finished.output, HasSubstr("0 weaknesses,"));
  }

  const std::string kPolicy = guarded_policy("api.openai.com:443");
};

TEST_F(Doctor, FindsNothingWeakOnAnOrdinaryHost) {
  const Daemon daemon(lab, kPolicy);
  const Finished finished = doctor(daemon);
  expect_fine(finished);
  for (const char* line :
       {"ok enforcement: the policy is enforced", "ok table: owned", "ok drift: none",
        "ok raw frames: refused at: uplink0", "ok dns: the guard", "ok forwarding: off",
        "ok engine: no socket",
        "ok resolver: 10.77.0.1: answers: ", "note boot: egressd is not run by systemd"})
    EXPECT_THAT(finished.output, HasSubstr(line));
}

TEST_F(Doctor, CountsTheAnswersOfTheResolver) {
  const Daemon daemon(lab, kPolicy);
  const auto answers = [&] {
    return daemon.ask<control::HealthReply>(control::HealthRequest{}).resolvers.at(0).answers;
  };
  EXPECT_TRUE(eventually([&] { return answers() > 0; }));
}

TEST_F(Doctor, TellsTheLowerTierAndWhoChangedTheTable) {
  const Daemon daemon(lab, kPolicy, {"--shared-table"});
  const Finished untouched = doctor(daemon);
  expect_fine(untouched);
  EXPECT_THAT(untouched.output, HasSubstr("note table: watched: others can change it"));
  lab.nft("flush ruleset\n");
  EXPECT_TRUE(eventually([&] {
    return doctor(daemon).output.find(
               "weak table: watched; others changed it 1 time, the last: "
               "nft (pid ") != std::string::npos;
  }));
}

TEST_F(Doctor, FindsPollingAndAuditing) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  expect_weak(doctor(daemon), "dns: dns: poll");
  daemon.write_policy(guarded_policy("api.openai.com:443", "mode: audit"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_THAT(doctor(daemon).output, HasSubstr("weak enforcement: audit mode"));
}

TEST_F(Doctor, FindsForwardingWithoutAHook) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", "forward: []"));
  expect_fine(doctor(daemon));
  lab.on_host({"sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1"});
  expect_weak(doctor(daemon), "forwarding: IPv6 on, and no interface is held");
}

TEST_F(Doctor, FindsALinkThatForwardsBesideTheHeldOnes) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", "forward: [held0]"));
  lab.on_host({"sysctl", "-q", "-w", "net.ipv4.ip_forward=1"});
  lab.on_host({"ip", "link", "add", "held0", "type", "bridge"});
  const Finished held = doctor(daemon);
  expect_fine(held);
  EXPECT_THAT(held.output, HasSubstr("ok forwarding: IPv4 on, held: held0"));
  lab.on_host({"ip", "link", "add", "free0", "type", "bridge"});
  expect_weak(doctor(daemon), "forwarding: what comes in at free0: IPv4 is forwarded");
}

// What is below /sys is that of the namespace in which it was mounted, not of this host's.
TEST_F(Doctor, JudgesAPortByItsBridge) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", "forward: [held0]"));
  lab.on_host({"sysctl", "-q", "-w", "net.ipv4.ip_forward=1"});
  lab.on_host({"ip", "link", "add", "held0", "type", "bridge"});
  lab.on_host({"ip", "link", "add", "port0", "type", "veth", "peer", "name", "guest0"});
  lab.on_host({"ip", "link", "set", "port0", "master", "held0", "up"});
  lab.on_host({"ip", "link", "set", "held0", "up"});
  const auto doctor_of = [&] { return doctor(daemon); };
  EXPECT_THAT(doctor_of().output, HasSubstr("what comes in at guest0: IPv4 is forwarded"));
  EXPECT_THAT(doctor_of().output, Not(HasSubstr("at port0")));
  lab.on_host({"ip", "link", "set", "guest0", "netns", lab.net()});
  EXPECT_TRUE(eventually([&] { return doctor_of().exit_code == 0; })) << doctor_of().output;
  lab.on_host({"ip", "link", "set", "held0", "name", "free0"});
  EXPECT_TRUE(eventually([&] {
    return doctor_of().output.find("what comes in at free0: IPv4 is forwarded") !=
           std::string::npos;
  })) << doctor_of().output;
  EXPECT_THAT(doctor_of().output, Not(HasSubstr("what comes in at port0")));
  lab.on_host({"ip", "link", "set", "port0", "nomaster"});
  EXPECT_THAT(doctor_of().output, HasSubstr("what comes in at port0: IPv4 is forwarded"));
}

TEST_F(Doctor, FindsASocketOfDockerThatEverybodyMayWriteTo) {
  const Daemon daemon(lab, kPolicy);
  const std::string make =
      "/usr/bin/python3 -c 'import socket; "
      "socket.socket(socket.AF_UNIX).bind(\"/run/docker.sock\")'; chmod ";
  expect_fine(doctor(daemon, make + "0660 /run/docker.sock"));
  expect_weak(doctor(daemon, make + "0666 /run/docker.sock"),
              "engine: everybody may write to /run/docker.sock (root:root 0666)");
}

TEST_F(Doctor, FindsTheAgentInTheGroupDocker) {
  const Daemon daemon(lab, kPolicy);
  const std::string accounts =
      "echo docker:x:999:coder >>/etc/group; "
      "printf '%s\\n' coder:x:1000:1000::/: other:x:1001:1001::/: >>/etc/passwd";
  expect_weak(doctor(daemon, accounts), "group docker: members: coder");
  expect_weak(doctor(daemon, accounts, {"--agent-user", "coder"}),
              "group docker: the agent's user is a member: coder");
  expect_fine(doctor(daemon, accounts, {"--agent-user", "other"}));
}

// Returns once a process of that name runs.
std::string in_background(const std::string& command) {
  return command + " sleep 1000 &\nuntil grep -qsx sleep /proc/[0-9]*/comm; do sleep 0.05; done";
}

TEST_F(Doctor, FindsAPrivilegedContainer) {
  const Daemon daemon(lab, kPolicy);
  expect_fine(doctor(daemon, in_background("")));
  expect_weak(doctor(daemon, in_background("unshare --pid --fork")),
              "containers: privileged: sleep");
  expect_fine(doctor(daemon, in_background("unshare --user --map-root-user --pid --fork")));
}

TEST_F(Doctor, FindsAUserWithRightsOverTheNetwork) {
  const Daemon daemon(lab, kPolicy);
  const std::string as_user = "setpriv --reuid 1234 --clear-groups";
  expect_fine(doctor(daemon, in_background(as_user)));
  expect_weak(
      doctor(daemon, in_background(as_user + " --inh-caps +net_raw --ambient-caps +net_raw")),
      "processes: of people or the agent, with rights over the network: sleep (pid ");
}

TEST_F(Doctor, SaysWhatAnUnprivilegedUserCannotSee) {
  const Daemon daemon(lab, kPolicy);
  const Finished finished = daemon.egressctl({"doctor"}, kNobody);
  EXPECT_THAT(unwrapped(finished.output), HasSubstr("note processes: not known: "));
  EXPECT_THAT(unwrapped(finished.output), HasSubstr("do: run as root: egressctl doctor"));
}

TEST_F(Doctor, IsJsonForProgramsAndFits80ColumnsForPeople) {
  const Daemon daemon(lab, kPolicy);
  const Finished json = daemon.egressctl_alone("", {"doctor", "--json"});
  EXPECT_EQ(json.exit_code, 0) << json.output;
  EXPECT_THAT(json.output, HasSubstr("{\"weak\":false,\"findings\":[{\"severity\":\"note\","));
  std::size_t length = 0;
  for (const char letter : daemon.egressctl_alone("", {"doctor"}).output) {
    length = letter == '\n' ? 0 : length + 1;
    ASSERT_LE(length, 80U);
  }
}

TEST_F(Doctor, AnAbsentDaemonIsNoVerdict) {
  Daemon daemon(lab, kPolicy);
  daemon.terminate();
  EXPECT_EQ(daemon.egressctl_alone("", {"doctor"}).exit_code, 3);
}

}  // namespace
}  // namespace egress::test
