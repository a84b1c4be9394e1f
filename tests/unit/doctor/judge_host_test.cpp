// Each judge of what the host shows, over what is fine and what is not.
#include "egressctl/doctor/capabilities.hpp"
#include "egressctl/doctor/judge.hpp"
#include "unit/doctor/findings.hpp"

namespace egress::doctor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const User kCoder{"coder", 1000, {1000, 999}};
const User kOther{"other", 1001, {1001}};

TEST(JudgeCloudInit, OnlyWhatAsksTheNetworkIsNamed) {
  EXPECT_EQ(worst(judge_cloud_init({})), Severity::ok);
  for (const char* local : {"NoCloud", "ConfigDrive", "LXD"})
    EXPECT_EQ(worst(judge_cloud_init({true, local, false})), Severity::ok) << local;
  for (const char* remote : {"Ec2", "GCE", "Azure", "OpenStack", "NoCloudNet", "NewOne", ""}) {
    const Findings findings = judge_cloud_init({true, remote, false});
    EXPECT_EQ(worst(findings), Severity::note) << remote;
    EXPECT_TRUE(is_complete(findings));
    EXPECT_THAT(findings.front().means, HasSubstr("SSH host keys"));
    EXPECT_THAT(findings.front().remedy, HasSubstr("cloud-init.disabled"));
    EXPECT_EQ(worst(judge_cloud_init({true, remote, true})), Severity::ok) << "it keeps them";
    EXPECT_EQ(worst(judge_cloud_init({true, remote, false}, true)), Severity::ok) << "it is asked";
  }
  EXPECT_THAT(judge_cloud_init({true, "None", true}).front().found, HasSubstr("no metadata"));
}

control::StatusReply holding(std::vector<std::string> links) {
  control::StatusReply status;
  status.forward = std::move(links);
  return status;
}

control::StatusReply holding_all_but(std::vector<std::string> uplinks,
                                     std::vector<std::string> released = {}) {
  control::StatusReply status;
  status.holds_all = true;
  status.uplinks = std::move(uplinks), status.released = std::move(released);
  return status;
}

TEST(JudgeForwarding, OffIsFineAndOnWithoutAHookIsWeak) {
  EXPECT_EQ(worst(judge_forwarding({}, holding({}))), Severity::ok);
  for (const Forwarding& on : {Forwarding{true, false, {}}, Forwarding{false, true, {}}}) {
    EXPECT_EQ(worst(judge_forwarding(on, holding({}))), Severity::weak);
    EXPECT_TRUE(is_complete(judge_forwarding(on, holding({}))));
    EXPECT_EQ(worst(judge_forwarding(on, holding({"docker0"}))), Severity::ok);
  }
}

TEST(JudgeForwarding, ALinkThatForwardsAndIsNotHeldIsNamed) {
  Forwarding forwarding{true, true, {}};
  forwarding.links = {{"eth0", true, true, true},  // the way out
                      {"veth1", true, true, false, "br-1f3c"},
                      {"br-1f3c", true, true},
                      {"dummy0"}};
  EXPECT_EQ(worst(judge_forwarding(forwarding, holding({"br-*"}))), Severity::ok);
  forwarding.links.push_back({"docker0", false, true});
  EXPECT_EQ(brief(judge_forwarding(forwarding, holding({"br-*"}))),
            "weak forwarding: what comes in at docker0: IPv6 is forwarded, and it is not held\n");
}

TEST(JudgeForwarding, WhereAllIsHeldNoNameIsMissing) {
  const Forwarding on{true, true, {{"eth0", true, true, true}}};
  EXPECT_EQ(worst(judge_forwarding(on, holding({}))), Severity::weak) << "an empty list";
  EXPECT_EQ(brief(judge_forwarding(on, holding_all_but({"eth0"}))),
            "ok forwarding: IPv4 and IPv6 on, held: all but what comes in by the way out\n");
}

// A bond's part, an encapsulation, a card without a cable: nobody has to know them.
TEST(JudgeForwarding, WhereAllIsHeldAVpnIsAWayOutAndOnlyWhatThePolicyExceptsIsNot) {
  const Forwarding on{true,
                      true,
                      {{"eth0", true, true, true},
                       {"wg0", true, true},
                       {"gre1", true, true},
                       {"enp3s0", true, true}}};
  EXPECT_EQ(worst(judge_forwarding(on, holding_all_but({"eth0", "wg0"}))), Severity::ok);
  const Findings findings = judge_forwarding(on, holding_all_but({"eth0", "wg0"}, {"gre*"}));
  EXPECT_EQ(brief(findings),
            "weak forwarding: what comes in at gre1: IPv4 and IPv6 is forwarded, and it is not "
            "held\n");
  EXPECT_THAT(findings.front().remedy, HasSubstr("`except:`"));
}

TEST(JudgeRouted, ARouterForOtherMachinesIsToldWhatReleasesThem) {
  const Forwarding on{true, false, {{"eth0", true, false, true}, {"lan0", true, false}}};
  EXPECT_TRUE(judge_routed(on, {"eth1"}).empty());
  const Findings findings = judge_routed(on, {"lan0"});
  EXPECT_EQ(brief(findings),
            "note routing: IPv4 that comes in at lan0 is held to the list when it is forwarded\n");
  EXPECT_NE(findings.front().command.find("forward: { except: [lan0] }"), std::string::npos);
  EXPECT_TRUE(judge_routed({false, false, {{"lan0", false, false}}}, {"lan0"}).empty());
}

// No packet between its ports passes the host's rules, whether the host forwards or not.
TEST(JudgeForwarding, GuestsOnTheSegmentOfTheWayOutAreNamedAndNeverToBeHeldThere) {
  Forwarding forwarding;
  forwarding.links = {{.name = "br0", .has_default_route = true, .ports = 1}};
  EXPECT_EQ(worst(judge_forwarding(forwarding, holding({}))), Severity::ok);
  forwarding.links.front().ports = 3;
  for (const auto& held : {std::vector<std::string>{}, {"br0"}, {"br*"}}) {
    const Findings findings = judge_forwarding(forwarding, holding(held));
    EXPECT_EQ(brief(findings),
              "weak forwarding: what comes in at br0: a bridge that is the way out has 2 more "
              "ports, and what is there is not held\n");
    EXPECT_THAT(findings.front().remedy, HasSubstr("a bridge of their own"));
    EXPECT_THAT(findings.front().remedy, Not(HasSubstr("br0")));
  }
}

TEST(JudgeGroups, MembersOfAnEnginesGroupAreWeakAndAdministratorsAreNoted) {
  const std::vector<Group> empty{{"docker", 999, {}}, {"sudo", 27, {}}};
  EXPECT_EQ(worst(judge_groups(empty, {})), Severity::ok);
  EXPECT_EQ(worst(judge_groups({}, {})), Severity::ok);
  EXPECT_EQ(worst(judge_groups({{"sudo", 27, {"coder"}}}, {})), Severity::note);
  EXPECT_EQ(worst(judge_groups({{"egress", 28, {"coder"}}}, {})), Severity::note);
  for (const char* name : {"docker", "podman", "lxd", "incus-admin", "libvirt"}) {
    const Findings findings = judge_groups({{name, 999, {"coder"}}}, {});
    EXPECT_THAT(brief(findings), HasSubstr("weak group " + std::string(name) + ": members: coder"));
    EXPECT_TRUE(is_complete(findings));
  }
}

TEST(JudgeGroups, TheAgentsUserIsLookedAtAlone) {
  const std::vector<Group> groups{{"docker", 999, {"coder"}}, {"sudo", 27, {"other"}}};
  EXPECT_EQ(worst(judge_groups(groups, {kOther})), Severity::ok);
  EXPECT_THAT(brief(judge_groups(groups, {kOther, kCoder})),
              HasSubstr("weak group docker: the agent's user is a member: coder"));
  for (const char* name : {"sudo", "wheel", "egress"})
    EXPECT_EQ(worst(judge_groups({{name, 999, {}}}, {kCoder})), Severity::weak) << name;
}

SocketFile socket(mode_t mode) {
  return {"/run/docker.sock", "root", "docker", 0, 999, mode};
}

TEST(JudgeSockets, OneThatOthersMayWriteToIsWeak) {
  EXPECT_EQ(worst(judge_sockets({}, {})), Severity::ok);
  EXPECT_EQ(brief(judge_sockets({socket(0660)}, {})),
            "ok engine: /run/docker.sock (root:docker 0660)\n");
  EXPECT_THAT(brief(judge_sockets({socket(0666)}, {})),
              HasSubstr("weak engine: everybody may write to /run/docker.sock"));
  EXPECT_TRUE(is_complete(judge_sockets({socket(0666)}, {})));
}

TEST(JudgeSockets, TheAgentsUserMayByItsGroup) {
  EXPECT_EQ(worst(judge_sockets({socket(0660)}, {kOther})), Severity::ok);
  EXPECT_EQ(worst(judge_sockets({socket(0660)}, {kCoder})), Severity::weak);
  EXPECT_EQ(worst(judge_sockets({socket(0640)}, {kCoder})), Severity::ok);
  EXPECT_TRUE(is_complete(judge_sockets({socket(0660)}, {kCoder})));
}

TEST(JudgeControlSocket, ItsFolderMustNotBeForOthersToWrite) {
  const SocketFile file{"/run/egressd/control.sock", "egressd", "egressd", 990, 990, 0666};
  SocketFile folder{"/run/egressd", "egressd", "egressd", 990, 990, 0755};
  const auto judged = [&] {
    return judge_control_socket(ControlSocket{file, folder}, {{"egress", 5, {"anna"}}}, 990);
  };
  EXPECT_THAT(brief(judged()), HasSubstr("everybody may read; root, and the group egress (anna), "
                                         "may change"));
  EXPECT_EQ(worst(judged()), Severity::ok);
  for (const mode_t mode : {0757U, 0775U}) {
    folder.mode = mode;
    EXPECT_EQ(worst(judged()), Severity::weak);
    EXPECT_TRUE(is_complete(judged()));
  }
  folder.mode = 0755;
  folder.uid = 0;
  EXPECT_EQ(worst(judged()), Severity::ok);
  folder.uid = 1000;
  EXPECT_EQ(worst(judged()), Severity::weak);
  EXPECT_TRUE(is_complete(judged()));
  EXPECT_EQ(worst(judge_control_socket(std::nullopt, {}, 990)), Severity::note);
}

TEST(JudgeAgents, RootIsWeakAndAnUnknownNameIsNoted) {
  EXPECT_EQ(worst(judge_agents({kCoder}, {})), Severity::ok);
  EXPECT_EQ(worst(judge_agents({}, {})), Severity::note);
  EXPECT_EQ(worst(judge_agents({}, {"nobody-here"})), Severity::note);
  EXPECT_EQ(worst(judge_agents({{"root", 0, {0}}}, {})), Severity::weak);
  EXPECT_TRUE(is_complete(judge_agents({{"root", 0, {0}}}, {"nobody-here"})));
}

// Of user 1000, on the host's network, outside containers.
Process process(std::uint64_t capabilities) {
  return {.pid = 42,
          .name = "node",
          .uid = 1000,
          .user = "coder",
          .capabilities = capabilities,
          .is_container = false,
          .is_in_our_network = true};
}
Findings judged(const Process& process, pid_t daemon = 7) {
  return judge_processes({{process}, 0}, {}, daemon);
}

TEST(JudgeProcesses, RightsOfPeopleAreWeakAndThoseOfServicesNoted) {
  EXPECT_EQ(worst(judge_processes({}, {}, 7)), Severity::ok);
  EXPECT_EQ(worst(judged(process(kNetRaw))), Severity::weak);
  EXPECT_THAT(brief(judged(process(kNetAdmin | kNetRaw))),
              HasSubstr("node (pid 42, coder: CAP_NET_ADMIN+CAP_NET_RAW)"));
  EXPECT_TRUE(is_complete(judged(process(kNetRaw))));
  Process service = process(kNetAdmin);
  service.uid = 101;
  EXPECT_EQ(worst(judged(service)), Severity::note);
  EXPECT_TRUE(is_complete(judged(service)));
  const User agent{"svc", 101, {101}};
  EXPECT_EQ(worst(judge_processes({{service}, 0}, {agent}, 7)), Severity::weak);
}

TEST(JudgeProcesses, TheDaemonAndOtherNetworksAreNoConcern) {
  EXPECT_EQ(worst(judged(process(kNetAdmin), 42)), Severity::ok);
  Process elsewhere = process(kNetAdmin);
  elsewhere.is_in_our_network = false;
  EXPECT_EQ(worst(judged(elsewhere)), Severity::ok);
}

TEST(JudgeProcesses, APrivilegedContainerIsWeakWhateverItsNetwork) {
  Process container = process(kSysAdmin | kNetAdmin);
  container.uid = 0, container.is_container = true, container.is_in_our_network = false;
  EXPECT_THAT(brief(judged(container)), HasSubstr("weak containers: privileged: node (pid 42"));
  EXPECT_TRUE(is_complete(judged(container)));
  container.capabilities = kNetAdmin | kNetRaw;
  EXPECT_EQ(worst(judged(container)), Severity::ok);
  container.is_in_our_network = true;
  EXPECT_THAT(brief(judged(container)),
              HasSubstr("weak containers: with rights over this host's network: node"));
  EXPECT_TRUE(is_complete(judged(container)));
}

TEST(JudgeProcesses, WhatCannotBeReadIsSaid) {
  const Findings findings = judge_processes({{}, 3}, {}, 7);
  EXPECT_THAT(brief(findings), HasSubstr("note processes: not known: 3 processes of others"));
  EXPECT_THAT(brief(findings), Not(HasSubstr("ok ")));
  EXPECT_TRUE(is_complete(findings));
}

Units installed() {
  return {true,
          {"egressd.service", "enabled", "active", 1},
          {"egressd-lockdown.service", "enabled", "active", 0},
          {"egressd-dns.socket", "enabled", "active", 0}};
}

TEST(JudgeUnits, WhatComesAfterABoot) {
  EXPECT_EQ(worst(judge_units(installed(), true)), Severity::ok);
  EXPECT_EQ(worst(judge_units({}, true)), Severity::note);
  Units units = installed();
  units.daemon.enabled = "disabled";
  EXPECT_THAT(brief(judge_units(units, true)), HasSubstr("weak boot: egressd.service is disabled"));
  EXPECT_TRUE(is_complete(judge_units(units, true)));
  units = installed();
  units.lockdown.enabled = "disabled";
  EXPECT_EQ(worst(judge_units(units, true)), Severity::weak);
  units.lockdown.enabled = "not-found";  // of a version without one
  EXPECT_EQ(worst(judge_units(units, true)), Severity::ok);
  units.sockets.active = "inactive";
  EXPECT_EQ(worst(judge_units(units, true)), Severity::note);
  units = installed();
  units.daemon.stored_descriptors = 0;
  EXPECT_EQ(worst(judge_units(units, true)), Severity::note);
  EXPECT_EQ(worst(judge_units(units, false)), Severity::ok);
}

}  // namespace
}  // namespace egress::doctor
