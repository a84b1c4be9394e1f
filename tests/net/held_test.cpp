// Without the key `forward` whatever is forwarded and does not enter by the way out is held.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "net/net_test.hpp"
#include "support/container.hpp"
#include "support/dns_client.hpp"

namespace egress::test {
namespace {

using testing::HasSubstr;

constexpr const char* kAllowedName = "api.openai.com";

class Held : public NetTest {
 protected:
  Held() { dns.set(kAllowedName, {.addresses = {kApi4}}); }

  void on_host(const std::string& script) const { lab.on_host({"sh", "-c", script}); }
  // Another machine on a second wire of the host. A veth stands for the wire, as it does for the
  // way out.
  std::string add_wire() const {
    const std::string netns = lab.host() + "-lan", host = "ip -n " + lab.host();
    const Finished added = run(
        {.words = {"sh", "-ec",
                   "ip netns add " + netns + "; " + host +
                       " link add lan type veth peer name eth0 netns " + netns + "; " + host +
                       " address add 192.168.9.1/24 dev lan; " + host + " link set lan up; ip -n " +
                       netns + " address add 192.168.9.2/24 dev eth0; ip -n " + netns +
                       " link set eth0 up; ip -n " + netns +
                       " route add default via 192.168.9.1; ip -n " + lab.net() +
                       " route add 192.168.9.0/24 via 10.77.0.2"}});
    if (added.exit_code != 0) throw std::runtime_error(added.output);
    on_host("sysctl -qw net.ipv4.ip_forward=1");
    return netns;
  }
  static bool reaches(const std::string& netns, const std::string& address,
                      std::uint16_t port = 443) {
    return eventually([&] { return tcp_probe(netns, address, port) == Seen::answered; });
  }
};

class EveryBridge : public Held, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Of, EveryBridge,
                         testing::Values("podman1", "cni-podman0", "docker_gwbridge", "lxdbr0",
                                         "incusbr0", "virbr0", "nerdctl0", "mpqemubr0", "odd"),
                         [](const auto& name) {
                           std::string text = name.param;
                           std::erase_if(text, [](char c) { return c == '-' || c == '_'; });
                           return text;
                         });

TEST_P(EveryBridge, IsHeldByAPolicyThatDoesNotSay) {
  const Container container(lab, {.bridge = GetParam()});
  ASSERT_TRUE(reaches(container.netns(), kOther4, 444)) << "positive control";
  ASSERT_TRUE(reaches(container.netns(), kOther6, 444)) << "positive control";
  const Daemon daemon(lab, guarded_policy(kAllowedName));
  const auto reply = ask(container.netns(), {kOther4}, {.name = kAllowedName});
  ASSERT_TRUE(reply) << "the guard answers";
  EXPECT_THAT(reply->texts(kTypeA), testing::ElementsAre(kApi4));
  EXPECT_EQ(tcp_probe(container.netns(), kApi4, 443), Seen::answered);
  Tap after(lab.net(), "host0");
  for (const char* address : {kOther4, kOther6}) {
    EXPECT_EQ(tcp_probe(container.netns(), address, 443), Seen::refused) << address;
    EXPECT_EQ(udp_probe(container.netns(), address, 443), Seen::refused) << address;
    EXPECT_EQ(ping_probe(container.netns(), address), Seen::refused) << address;
    EXPECT_EQ(after.count(address), 0U) << address;
  }
  EXPECT_THAT(daemon.egressctl({"status"}).output,
              HasSubstr("held: " + std::string(GetParam()) +
                        "; not held: what comes in by uplink0 (the way out)"));
  EXPECT_THAT(daemon.egressctl({"verify", "--only", "true.forwarding"}).output,
              HasSubstr("PROVEN"));
}

// Nobody waits for egressd to see it.
TEST_F(Held, ABridgeThatComesWhileTheDaemonIsStoppedIsHeld) {
  Daemon daemon(lab, guarded_policy(kAllowedName));
  ASSERT_EQ(kill(daemon.pid(), SIGSTOP), 0);
  const Container container(lab, {.bridge = "lately"});
  Tap after(lab.net(), "host0");
  EXPECT_NE(tcp_probe(container.netns(), kOther4, 443), Seen::answered);
  EXPECT_EQ(after.count(kOther4), 0U);
  ASSERT_EQ(kill(daemon.pid(), SIGCONT), 0);
}

TEST_F(Held, WhatThePolicyExceptsIsNotHeldAndIsNamed) {
  const Container container(lab, {.bridge = "virbr0"}), other(lab, {.bridge = "other", .net = 21});
  const Daemon daemon(lab, policy("", "forward: { except: [\"virbr*\"] }"));
  EXPECT_TRUE(reaches(container.netns(), kOther4));
  EXPECT_EQ(tcp_probe(other.netns(), kOther4, 443), Seen::refused);
  EXPECT_THAT(daemon.egressctl({"status"}).output, HasSubstr("and by virbr* (the policy)"));
  EXPECT_THAT(daemon.egressctl({"verify", "--only", "true.forwarding"}).output,
              HasSubstr("NOT PROVEN"));
}

TEST_F(Held, AMachineBehindASecondWireIsHeldAndTheHostTalksWithItAsBefore) {
  const std::string netns = add_wire();
  ASSERT_TRUE(reaches(netns, kOther4, 444)) << "positive control";
  const TcpServer there(netns, {9000}), here(lab.host(), {9001});
  Daemon daemon(lab, policy("192.168.9.2:9000, " + std::string(kApi4) + ":443"));
  EXPECT_EQ(tcp_probe(netns, kOther4, 443), Seen::refused);
  EXPECT_TRUE(reaches(netns, kApi4)) << "answers come back";
  EXPECT_EQ(tcp("192.168.9.2", 9000), Seen::answered) << "the host's own, by the list";
  EXPECT_EQ(tcp_probe(netns, "192.168.9.1", 9001), Seen::answered) << "the host answers";
  EXPECT_THAT(daemon.egressctl({"status"}).output, HasSubstr("forward: { except: [lan] }"));
  EXPECT_THAT(daemon.egressctl({"doctor"}).output, HasSubstr("forward: { except: [lan] }"));
  daemon.write_policy(policy("", "forward: { except: [lan] }"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_TRUE(reaches(netns, kOther4)) << "a router again";
  run({.words = {"ip", "netns", "del", netns}});
}

// Its source is not one that a route by that link leads to; to the host itself it passes.
TEST_F(Held, AMachineBehindASecondWireSpeaksInItsOwnNameWhereItIsForwarded) {
  const std::string netns = add_wire();
  run({.words = {"ip", "-n", netns, "address", "add", "198.18.0.9/32", "dev", "lo"}});
  run({.words = {"ip", "-n", netns, "route", "replace", "default", "via", "192.168.9.1", "src",
                 "198.18.0.9"}});
  Tap before(lab.net(), "host0");
  on_host("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lan.rp_filter=0");
  tcp_probe(netns, kApi4, 443);
  ASSERT_GT(before.count(kApi4), 0U) << "positive control";
  const Daemon daemon(lab, policy(std::string(kApi4) + ":443"));
  Tap after(lab.net(), "host0");
  tcp_probe(netns, kApi4, 443);
  EXPECT_EQ(after.count(kApi4), 0U);
  run({.words = {"ip", "netns", "del", netns}});
}

class Guests : public Held {
 protected:
  // How many octets a program of the host gets out to that address of the bridge, from its port.
  bool host_sends(uid_t user, std::uint16_t source, const std::string& to, std::uint16_t port,
                  const std::string& device) const {
    // The packet filter asks who made the socket.
    on_host("sysctl -qw net.ipv4.ip_unprivileged_port_start=0");
    const std::string program = "import os,socket\nos.setuid(" + std::to_string(user) +
                                ")\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                                "s.setsockopt(1,6,1);s.setsockopt(1,25,b'" +
                                device +
                                "')\n"
                                "s.bind(('0.0.0.0'," +
                                std::to_string(source) +
                                "))\n"
                                "s.sendto(b'x',('" +
                                to + "'," + std::to_string(port) + "))";
    return run({.words = {"python3", "-c", program}, .netns = lab.host()}).exit_code == 0;
  }
};

TEST_F(Guests, AreReachedByTheHostAndByNobodyBeyondIt) {
  const Container container(lab, {.bridge = "docker0"});
  const TcpServer server(container.netns(), {8000});
  ASSERT_TRUE(reaches(lab.host(), kContainer4, 8000)) << "positive control";
  Daemon daemon(lab, policy(""));
  for (const int family : {AF_INET, AF_INET6})
    EXPECT_EQ(tcp(container.address(family), 8000), Seen::answered);
  EXPECT_EQ(ping(kContainer4), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::refused) << "nothing is open outward";
  EXPECT_EQ(tcp("172.21.0.2", 8000), Seen::refused) << "behind the way out";
  const Finished why = daemon.egressctl({"why", std::string(kContainer4) + ":8000"});
  EXPECT_EQ(why.exit_code, 0) << why.output;
  EXPECT_THAT(why.output, HasSubstr("a guest of this host, behind docker0"));
  EXPECT_NE(daemon.egressctl({"why", std::string(kOther4) + ":443"}).exit_code, 0);

  daemon.write_policy(policy("", "services: { guests: false }"));
  const Finished reload = daemon.egressctl({"reload"});
  EXPECT_THAT(reload.output, HasSubstr("services.guests")) << reload.output;
  EXPECT_EQ(tcp(kContainer4, 8000), Seen::refused);
  EXPECT_THAT(daemon.egressctl({"why", std::string(kContainer4) + ":8000"}).output,
              HasSubstr("is refused"));
}

// A container that says that a route leads on by it: then nobody knows what is behind it.
TEST_F(Guests, AreNotReachedByALinkThatLeadsOn) {
  const Container container(lab, {.bridge = "docker0"});
  const TcpServer server(container.netns(), {8000});
  on_host("ip route add 142.250.0.0/16 via 172.20.0.2 dev docker0");
  const Daemon daemon(lab, policy(""));
  EXPECT_EQ(tcp(kContainer4, 8000), Seen::refused);
}

TEST_F(Guests, HaveALeaseFromDnsmasqOnTheirBridge) {
  const Container container(lab, {.bridge = "virbr0"});
  run({.words = {"ip", "-n", container.netns(), "address", "flush", "dev", "eth0"}});
  const ChildProcess dnsmasq(
      {.words = {"dnsmasq", "-k", "--conf-file=/dev/null", "--interface=virbr0",
                 "--bind-interfaces", "--except-interface=lo", "--port=0", "--user=root",
                 "--dhcp-range=172.20.0.50,172.20.0.59,2m", "--dhcp-range=fd20::,ra-only,64,2m",
                 "--enable-ra", "--ra-param=virbr0,4,60", "--pid-file=", "--dhcp-authoritative",
                 "--dhcp-leasefile=" + (lab.dir() / "leases").string()},
       .netns = lab.host()});
  const auto lease = [&] {
    return run({.words = {"busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-t", "6", "-T", "1", "-s",
                          "/bin/true"},
                .netns = container.netns()});
  };
  const auto has_advertised_address = [&] {
    run({.words =
             {"sh", "-c",
              "sysctl -qw net.ipv6.conf.eth0.accept_ra=2 net.ipv6.conf.eth0.autoconf=1;"
              "ip address flush dev eth0 scope global; ip link set eth0 down; ip link set eth0 up"},
         .netns = container.netns()});
    return eventually([&] {
      return run({.words = {"sh", "-c", "ip -6 -o address show dev eth0 scope global | grep fd20"},
                  .netns = container.netns()})
                 .exit_code == 0;
    });
  };
  ASSERT_EQ(lease().exit_code, 0) << "positive control";
  ASSERT_TRUE(has_advertised_address()) << "positive control";
  Daemon daemon(lab, policy(""));
  EXPECT_EQ(lease().exit_code, 0);
  EXPECT_TRUE(has_advertised_address());
  daemon.write_policy(policy("", "services: { guests: false }"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_NE(lease().exit_code, 0) << "the contrast";
}

// Machines behind a wire are given leases by the system's own programs, and nothing else.
TEST_F(Guests, BehindASecondWireGetLeasesAloneFromSystemUsers) {
  const std::string netns = add_wire();
  ASSERT_TRUE(host_sends(0, 67, "255.255.255.255", 68, "lan")) << "positive control";
  const Daemon daemon(lab, policy(""));
  EXPECT_TRUE(host_sends(0, 67, "255.255.255.255", 68, "lan"));
  EXPECT_TRUE(host_sends(0, 67, "192.168.9.2", 68, "lan"));
  EXPECT_FALSE(host_sends(1000, 67, "192.168.9.2", 68, "lan")) << "a person's program";
  EXPECT_FALSE(host_sends(0, 67, "192.168.9.2", 69, "lan")) << "another port";
  EXPECT_FALSE(host_sends(0, 66, "192.168.9.2", 68, "lan")) << "another port";
  EXPECT_FALSE(host_sends(0, 67, "10.77.0.1", 68, "uplink0")) << "the way out";
  on_host("ip route add 198.51.100.0/24 via 192.168.9.2 dev lan");
  EXPECT_FALSE(host_sends(0, 67, "198.51.100.9", 68, "lan")) << "nobody's lease";
  EXPECT_EQ(tcp("192.168.9.2", 9000), Seen::refused);
  run({.words = {"ip", "netns", "del", netns}});
}

// A resolver that an engine runs for its network knows the names there; aardvark-dns, LXD and
// libvirt ask on for all others, as this one does.
enum class Asked { dnsmasq, aardvark };
class Neighbours : public Held, public testing::WithParamInterface<std::pair<Asked, const char*>> {
 protected:
  static const char* forward() { return GetParam().second; }
  static constexpr const char* kNeighbour = "web.dns.podman";
  static constexpr const char* kOtherName = "example.org";
  static constexpr const char* kNeighbours = "172.20.0.7";

  Neighbours() { dns.set(kOtherName, {.addresses = {kOther4}}); }
  std::vector<std::string> asks(const std::string& server, const std::string& name) const {
    const auto reply = ask(container.netns(), {server}, {.name = name});
    return reply ? reply->texts(kTypeA) : std::vector<std::string>{"silence"};
  }

  // As podman(1) starts it, with a file that says who is there.
  std::vector<std::string> aardvark() const {
    const std::filesystem::path names = lab.dir() / "aardvark";
    std::filesystem::create_directory(names);
    std::ofstream(names / "podman1") << container.gateway(AF_INET) << "\n"
                                     << std::string(64, 'a') << " " << kNeighbours << "  web\n";
    return {"ip",       "netns",        "exec",   lab.host(), "/usr/lib/podman/aardvark-dns",
            "--config", names.string(), "--port", "53",       "run"};
  }
  static std::vector<std::string> dnsmasq() {
    return {"dnsmasq",
            "-k",
            "--conf-file=/dev/null",
            "--no-hosts",
            "--no-resolv",
            "--pid-file=",
            "--user=root",
            "--interface=podman1",
            "--except-interface=lo",
            "--bind-interfaces",
            "--cache-size=0",
            "--server=10.77.0.1",
            std::string("--address=/") + kNeighbour + "/" + kNeighbours};
  }

  const Container container{lab, {.bridge = "podman1"}};
  std::optional<ChildProcess> resolver{ChildProcess(
      {.words = GetParam().first == Asked::dnsmasq ? dnsmasq() : aardvark(), .netns = lab.host()})};
};
INSTANTIATE_TEST_SUITE_P(Where, Neighbours,
                         testing::Values(std::pair(Asked::dnsmasq, ""),
                                         std::pair(Asked::dnsmasq, "forward: [\"podman*\"]\n"),
                                         std::pair(Asked::aardvark, "")),
                         [](const auto& of) {
                           const bool is_list = *of.param.second != '\0';
                           return std::string(of.param.first == Asked::dnsmasq ? "Dnsmasq"
                                                                               : "Aardvark") +
                                  (is_list ? "WhereAListHolds" : "WhereAllIsHeld");
                         });

TEST_P(Neighbours, AreFoundByTheirNetworksResolverWhichFindsNobodyElse) {
  const std::string bridge = container.gateway(AF_INET);
  ASSERT_TRUE(eventually([&] {
    return asks(bridge, kNeighbour) == std::vector<std::string>{kNeighbours};
  })) << "positive control";
  ASSERT_THAT(asks(bridge, kOtherName), testing::ElementsAre(kOther4)) << "positive control";
  const std::size_t before = dns.asked(kOtherName);

  const Daemon daemon(lab, guarded_policy(kAllowedName, forward()));
  EXPECT_THAT(asks(bridge, kNeighbour), testing::ElementsAre(kNeighbours));
  EXPECT_THAT(asks(bridge, kAllowedName), testing::ElementsAre(kApi4)) << "by way of the guard";
  EXPECT_EQ(tcp_probe(container.netns(), kApi4, 443), Seen::answered);
  EXPECT_THAT(asks(bridge, kOtherName), testing::IsEmpty());
  for (const char* other : {"10.77.0.1", "8.8.8.8", "10.77.0.2"}) {
    EXPECT_THAT(asks(other, kNeighbour), testing::IsEmpty()) << other << ": the guard";
    EXPECT_THAT(asks(other, kAllowedName), testing::ElementsAre(kApi4)) << other;
  }
  EXPECT_EQ(dns.asked(kOtherName), before) << "nobody was asked for it";
  EXPECT_EQ(dns.asked(kNeighbour), 0U);

  resolver.reset();
  EXPECT_THAT(asks(bridge, kAllowedName), testing::ElementsAre(kApi4))
      << "where none listens, the guard answers";
}

// egressd's own resolver is for egressd alone, though it lives on this host.
TEST_P(Neighbours, DoNotReachAResolverThatEgressdAsks) {
  const std::string bridge = container.gateway(AF_INET);
  ASSERT_TRUE(eventually([&] {
    return asks(bridge, kNeighbour) == std::vector<std::string>{kNeighbours};
  })) << "positive control";
  const Daemon daemon(lab, "version: 1\nresolvers: [" + bridge + "]\n" + forward() + "allow: [" +
                               kAllowedName + "]\n");
  EXPECT_THAT(asks(bridge, kNeighbour), testing::IsEmpty());
}

}  // namespace
}  // namespace egress::test
