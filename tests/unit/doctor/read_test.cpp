// The readers over a made-up host in a folder.
#include "egressctl/doctor/read.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "egress/core/limits.hpp"
#include "egressctl/doctor/capabilities.hpp"
#include "unit/adapters/temporary_folder.hpp"
#include "unit/doctor/findings.hpp"

namespace egress::doctor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class ReadHost : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view content) const {
    fs::create_directories((root() / name).parent_path());
    folder_.write(name, content);
  }
  fs::path root() const { return folder_.path(); }
  void make_socket(const std::string& name, mode_t mode) const {
    const fs::path path = root() / name;
    fs::create_directories(path.parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    close(fd);
  }
  // `name_spaces`: of user, pid and net.
  void add_process(const std::string& pid, const std::string& status,
                   const std::vector<std::string>& name_spaces) const {
    write("proc/" + pid + "/status", status);
    fs::create_directories(root() / "proc" / pid / "ns");
    const char* const kinds[] = {"user", "pid", "net"};
    for (std::size_t i = 0; i < name_spaces.size(); ++i)
      fs::create_symlink(std::string(kinds[i]) + ":[" + name_spaces[i] + "]",
                         root() / "proc" / pid / "ns" / kinds[i]);
  }

  test::TemporaryFolder folder_;
};

TEST_F(ReadHost, CloudInitIsInUseUnlessItIsTurnedOff) {
  EXPECT_FALSE(read_cloud_init(root()).is_enabled);
  write("usr/bin/cloud-init", "");
  EXPECT_TRUE(read_cloud_init(root()).is_enabled);
  write("proc/cmdline", "quiet cloud-init=disabled\n");
  EXPECT_FALSE(read_cloud_init(root()).is_enabled);
  write("proc/cmdline", "quiet\n");
  write("etc/cloud/cloud-init.disabled", "");
  EXPECT_FALSE(read_cloud_init(root()).is_enabled);
}

TEST_F(ReadHost, CloudInitNamesItsSourceAndWhetherItKeepsTheInstance) {
  write("usr/bin/cloud-init", "");
  EXPECT_EQ(read_cloud_init(root()).source, "");
  for (const auto& [text, source] :
       {std::pair{"DataSourceEc2Local: DataSourceEc2Local\n", "Ec2"},
        std::pair{"DataSourceNoCloudNet: DataSourceNoCloudNet [seed=http://a/]\n", "NoCloudNet"},
        std::pair{"DataSourceNoCloud: DataSourceNoCloud [seed=/dev/sr0][dsmode=net]\n", "NoCloud"},
        std::pair{"DataSourceNone: DataSourceNone\n", "None"}}) {
    write("var/lib/cloud/instance/datasource", text);
    EXPECT_EQ(read_cloud_init(root()).source, source);
  }
  write("etc/cloud/cloud.cfg", "users:\n - default\n#manual_cache_clean: true\n");
  EXPECT_FALSE(read_cloud_init(root()).keeps_instance);
  write("etc/cloud/cloud.cfg.d/90-keep.txt", "manual_cache_clean: true\n");
  EXPECT_FALSE(read_cloud_init(root()).keeps_instance) << "cloud-init reads *.cfg";
  write("etc/cloud/cloud.cfg.d/90-keep.cfg", "manual_cache_clean:  True # keep\n");
  EXPECT_TRUE(read_cloud_init(root()).keeps_instance);
  write("etc/cloud/cloud.cfg.d/90-keep.cfg", "manual_cache_clean: false\n");
  EXPECT_FALSE(read_cloud_init(root()).keeps_instance);
  write("var/lib/cloud/instance/manual-clean", "");
  EXPECT_TRUE(read_cloud_init(root()).keeps_instance) << "the mark that it once left";
}

TEST_F(ReadHost, AccountsKnowPrimaryGroupsToo) {
  write("etc/passwd",
        "root:x:0:0::/:/bin/sh\ncoder:x:1000:1000::/:/bin/sh\nlee:x:1001:999::/:/x\n");
  write("etc/group", "docker:x:999:coder\nsudo:x:27:\ncoder:x:1000:\n");
  const Accounts accounts = Accounts::read(root() / "etc");
  EXPECT_THAT(accounts.group("docker")->members, ElementsAre("coder", "lee"));
  EXPECT_FALSE(accounts.group("wheel"));
  EXPECT_THAT(accounts.user("coder")->groups, ElementsAre(1000U, 999U));
  EXPECT_FALSE(accounts.user("nobody"));
  EXPECT_EQ(accounts.user_name(1001), "lee");
  EXPECT_EQ(accounts.group_name(12), "12");
}

TEST_F(ReadHost, AccountsOfNowhereAreNone) {
  EXPECT_FALSE(Accounts::read(root() / "etc").user("root"));
}

TEST_F(ReadHost, SocketsAreToldOnceAndWithTheirMode) {
  make_socket("run/docker.sock", 0666);
  fs::create_directories(root() / "var");
  fs::create_directory_symlink(root() / "run", root() / "var/run");
  write("run/podman/podman.sock", "a file, no socket");
  const auto sockets = read_sockets(root(), {});
  ASSERT_EQ(sockets.size(), 1U);
  EXPECT_EQ(sockets[0].path, (root() / "run/docker.sock").string());
  EXPECT_EQ(sockets[0].mode, 0666U);
}

TEST_F(ReadHost, TheControlSocketComesWithItsFolder) {
  make_socket("run/egressd/control.sock", 0666);
  ASSERT_EQ(chmod((root() / "run/egressd").c_str(), 0757), 0);
  const auto control = read_control_socket(root() / "run/egressd/control.sock", {});
  ASSERT_TRUE(control);
  EXPECT_EQ(control->folder.mode, 0757U);
  EXPECT_FALSE(read_control_socket(root() / "absent/control.sock", {}));
}

TEST_F(ReadHost, ForwardingOfEachLink) {
  write("proc/sys/net/ipv4/ip_forward", "0\n");
  write("proc/sys/net/ipv6/conf/all/forwarding", "1\n");
  for (const char* name : {"lo", "default", "eth0", "eth1", "docker0", "veth1"}) {
    write("proc/sys/net/ipv4/conf/" + std::string(name) + "/forwarding", "0\n");
    write("proc/sys/net/ipv6/conf/" + std::string(name) + "/forwarding", "1\n");
  }
  write("proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t01004D0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n");
  const std::string zeros(32, '0');
  write("proc/net/ipv6_route", zeros + " 00 " + zeros + " 00 " + zeros +
                                   " 00000400 00000001 00000000 00000003     eth1\n" + zeros +
                                   " 40 " + zeros + " 00 " + zeros +
                                   " 00000400 00000001 00000000 00000003     docker0\n");
  const Forwarding forwarding = read_forwarding(root(), {{.name = "veth1", .bridge = "docker0"}});
  EXPECT_FALSE(forwarding.ipv4);
  EXPECT_TRUE(forwarding.ipv6);
  std::vector<std::string> seen;
  for (const LinkForwarding& link : forwarding.links)
    seen.push_back(link.name + (link.ipv4 ? " 4" : "") + (link.ipv6 ? " 6" : "") +
                   (link.has_default_route ? " out" : "") +
                   (link.bridge.empty() ? "" : " port of " + link.bridge));
  EXPECT_THAT(seen,
              ElementsAre("docker0 6", "eth0 6 out", "eth1 6 out", "veth1 6 port of docker0"));
}

std::string status(const std::string& name, uid_t uid, const std::string& capabilities) {
  return "Name:\t" + name + "\nUmask:\t0022\nUid:\t1\t" + std::to_string(uid) +
         "\t0\t0\nCapPrm:\t000001ffffffffff\nCapEff:\t" + capabilities + "\n";
}

TEST_F(ReadHost, ProcessesWithRightsOverThisHost) {
  constexpr const char* kFull = "000001ffffffffff";
  add_process("self", "", {"1", "2", "3"});
  add_process("1", status("systemd", 0, kFull), {"1", "2", "3"});
  add_process("10", status("agent", 1000, "0000000000001000"), {"1", "2", "3"});
  add_process("11", status("plain", 1000, "0000000000000000"), {"1", "2", "3"});
  add_process("12", status("rootless", 1000, kFull), {"9", "8", "3"});
  add_process("13", status("con tainer", 0, kFull), {"1", "8", "7"});
  add_process("14", status("hidden", 0, kFull), {});
  write("proc/net/route", "");
  const Processes processes = read_processes(root() / "proc", {});
  ASSERT_EQ(processes.mighty.size(), 2U);
  EXPECT_EQ(processes.unreadable, 1U);
  const Process& agent = processes.mighty[0];
  EXPECT_EQ(agent.pid, 10);
  EXPECT_EQ(agent.uid, 1000U);
  EXPECT_EQ(agent.capabilities, kNetAdmin);
  EXPECT_FALSE(agent.is_container);
  EXPECT_TRUE(agent.is_in_our_network);
  const Process& container = processes.mighty[1];
  EXPECT_EQ(container.name, "con tainer");
  EXPECT_TRUE(container.is_container);
  EXPECT_FALSE(container.is_in_our_network);
}

TEST(ParseUnit, ReadsWhatSystemctlShows) {
  const Unit unit = parse_unit(
      "egressd.service",
      "NFileDescriptorStore=2\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n");
  EXPECT_EQ(unit.enabled, "enabled");
  EXPECT_EQ(unit.active, "active");
  EXPECT_EQ(unit.stored_descriptors, 2U);
  EXPECT_EQ(parse_unit("x", "LoadState=not-found\nUnitFileState=\n").enabled, "not-found");
  EXPECT_EQ(parse_unit("x", "").enabled, "");
}

TEST_F(ReadHost, WithoutSystemdNothingIsAsked) {
  EXPECT_FALSE(read_units(root()).has_systemd);
}

TEST(ReadClocks, RunForward) {
  const Clocks first = read_clocks(), second = read_clocks();
  EXPECT_GT(first.boottime_ms, 0);
  EXPECT_LE(first.boottime_ms, second.boottime_ms);
  EXPECT_GT(first.wall_s, 1'700'000'000);
}

TEST_F(ReadHost, LinksThatUsersWriteAndWhoTheyAre) {
  write("etc/passwd", "coder:x:1000:1000::/:/bin/sh\n");
  write("sys/class/infiniband/mlx5_0/node_type", "1: CA\n");
  const Devices devices = read_devices(root(),
                                       {{.name = "eth0"},
                                        {.name = "tun0", .is_written = true, .writer = 1000},
                                        {.name = "tun1", .is_written = true}},
                                       Accounts::read(root() / "etc"));
  ASSERT_EQ(devices.written.size(), 2U);
  EXPECT_EQ(devices.written[0].name, "tun0");
  EXPECT_EQ(devices.written[0].owner, "coder");
  EXPECT_EQ(devices.written[1].owner, "");
  EXPECT_THAT(devices.rdma, ElementsAre("mlx5_0"));
  EXPECT_FALSE(devices.vsock_cid);
  EXPECT_FALSE(devices.hosts_vsock);
}

TEST_F(ReadHost, WhatTheKernelChecksAtALinkAndThePortsOfABridge) {
  write("proc/sys/net/ipv4/conf/all/rp_filter", "0\n");
  write("proc/sys/net/ipv4/conf/br0/rp_filter", "1\n");
  write("proc/sys/net/ipv4/conf/br1/rp_filter", "0\n");
  write("proc/sys/net/ipv6/conf/br0/accept_ra", "1\n");
  write("proc/sys/net/ipv6/conf/br0/forwarding", "1\n");
  write("proc/sys/net/ipv6/conf/br1/accept_ra", "2\n");
  const Forwarding forwarding = read_forwarding(
      root(),
      {{.name = "br0"}, {.name = "br1", .is_up = false}, {.name = "veth0", .bridge = "br0"}});
  ASSERT_EQ(forwarding.links.size(), 2U);
  const auto& [first, second] = std::pair(forwarding.links[0], forwarding.links[1]);
  EXPECT_TRUE(first.checks_sources && !second.checks_sources);
  EXPECT_TRUE(!first.accepts_routers && second.accepts_routers);
  EXPECT_TRUE(first.is_up && !second.is_up);
  EXPECT_EQ(first.ports, 1U);
}

TEST_F(ReadHost, ProgramsWithRightsByTheirFiles) {
  write("usr/bin/ping", "x");
  write("usr/bin/true", "x");
  fs::create_symlink("usr/bin", root() / "bin");
  const std::string set =
      "setcap cap_net_raw+ep " + (root() / "usr/bin/ping").string() + " 2>/dev/null";
  ASSERT_EQ(std::system(set.c_str()), 0) << "setting them takes root and setcap (libcap2-bin)";
  const Programs programs = read_programs(root());
  ASSERT_EQ(programs.capable.size(), 1U) << "and once, though /bin is the same";
  EXPECT_TRUE(programs.capable[0].path.ends_with("usr/bin/ping"));
  EXPECT_EQ(programs.capable[0].capabilities, kNetRaw);
  EXPECT_TRUE(programs.is_whole);
}

TEST_F(ReadHost, OfTooManyProgramsIsSaidThatNotAllWereLookedAt) {
  fs::create_directories(root() / "usr/bin");
  for (std::size_t i = 0; i < limits::kDoctorFiles; ++i)
    std::ofstream(root() / "usr/bin" / std::to_string(i));
  EXPECT_TRUE(read_programs(root()).is_whole);
  std::ofstream(root() / "usr/bin/more");
  EXPECT_FALSE(read_programs(root()).is_whole);
}

TEST_F(ReadHost, TheFirstPortThatTakesNoRight) {
  EXPECT_EQ(read_first_free_port(root()), 1024U);
  write("proc/sys/net/ipv4/ip_unprivileged_port_start", "53\n");
  EXPECT_EQ(read_first_free_port(root()), 53U);
}

}  // namespace
}  // namespace egress::doctor
