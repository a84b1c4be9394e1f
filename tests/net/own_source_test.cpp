// What the host sends under an address of its own, or under none where it has none yet, works as
// before.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "net/sources.hpp"
#include "support/container.hpp"

namespace egress::test {
namespace {

class OwnSource : public SourcesTest {
 protected:
  // What `ip address` says of an address; "" if it is not there.
  static std::string state_of(const std::string& netns, const std::string& address) {
    return run({.words = {"sh", "-c", "ip -6 -o address show | grep ' " + address + "/'"},
                .netns = netns})
        .output;
  }
  // Duplicates are looked for on this link from now on.
  static void look_for_duplicates(const std::string& netns, const std::string& device) {
    run({.words = {"sysctl", "-qw", "net.ipv6.conf." + device + ".accept_dad=1"}, .netns = netns});
  }
  static void add(const std::string& netns, const std::string& address, const std::string& device,
                  const std::string& more = "") {
    run({.words = {"sh", "-c", "ip address add " + address + "/64 dev " + device + " " + more},
         .netns = netns});
  }
  // Adds the address; what becomes of it.
  static std::string settles(const std::string& netns, const std::string& address,
                             const std::string& device) {
    look_for_duplicates(netns, device);
    add(netns, address, device);
    std::string state;
    eventually([&] {
      state = state_of(netns, address);
      return state.find("dadfailed") != std::string::npos ||
             (!state.empty() && state.find("tentative") == std::string::npos);
    });
    if (state.find("dadfailed") != std::string::npos) return "duplicate";
    return state.empty() || state.find("tentative") != std::string::npos ? state : "usable";
  }

  const Container container{lab};
};

TEST_F(OwnSource, RefusalsAreToldAtOnce) {
  const Daemon daemon(lab, policy_of());
  for (const std::string& netns : {lab.host(), container.netns()}) {
    for (const char* address : {kApi4, kApi6})  // whose neighbours are known from then on
      ASSERT_TRUE(eventually([&] { return tcp_probe(netns, address, 443) == Seen::answered; }));
    for (const char* address : {kOther4, kOther6}) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(tcp_probe(netns, address, 443), Seen::refused) << netns << ' ' << address;
      EXPECT_EQ(udp_probe(netns, address, 443), Seen::refused) << netns << ' ' << address;
      EXPECT_EQ(ping_probe(netns, address), Seen::refused) << netns << ' ' << address;
      EXPECT_LT(std::chrono::steady_clock::now() - start, 900ms) << netns << ' ' << address;
    }
  }
}

TEST_F(OwnSource, WhoComesFromOutsideIsAnswered) {
  const Daemon daemon(lab, policy_of());
  for (const char* address : {kHost4, kHost6}) {
    EXPECT_EQ(ping_probe(lab.net(), address), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(lab.net(), address, kApp), Seen::answered) << address;
    EXPECT_EQ(udp_probe(lab.net(), address, kApp), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(lab.net(), address, kClosed), Seen::refused) << address;
    EXPECT_EQ(udp_probe(lab.net(), address, kClosed), Seen::refused) << address;
  }
}

TEST_F(OwnSource, TheHostReachesItself) {
  lab.on_host({"ip", "address", "add", "198.51.100.7/32", "dev", "lo"});
  lab.on_host({"ip", "address", "add", "2001:db8:5::7/128", "dev", "lo", "nodad"});
  lab.on_host({"ip", "route", "add", "local", "2001:db8:6::/48", "dev", "lo"});
  const Daemon daemon(lab, policy_of());
  for (const char* address : {"127.0.0.1", "127.9.9.9", kHost4, "172.20.0.1", "198.51.100.7", "::1",
                              kHost6, "fd20::1", "2001:db8:5::7"}) {
    EXPECT_EQ(tcp(address, kApp), Seen::answered) << address;
    EXPECT_EQ(udp(address, kApp), Seen::answered) << address;
    EXPECT_EQ(udp(address, kClosed), Seen::refused) << address;
    EXPECT_EQ(ping(address), Seen::answered) << address;
  }
  EXPECT_EQ(tcp("2001:db8:6::99", kApp), Seen::answered);
}

TEST_F(OwnSource, AnAddressThatNobodyHasIsTaken) {
  const Daemon daemon(lab, policy_of());
  EXPECT_EQ(settles(lab.host(), "2001:db8:77::aa", "uplink0"), "usable");
  EXPECT_EQ(settles(container.netns(), "fd20::aa", "eth0"), "usable");
}

// Of the host and of whoever shares a link with it: who asks has no address yet.
TEST_F(OwnSource, AnAddressThatSomebodyHasIsFoundOut) {
  add(lab.net(), "2001:db8:77::dd", "host0", "nodad");
  const Daemon daemon(lab, policy_of());
  EXPECT_EQ(settles(lab.host(), "2001:db8:77::dd", "uplink0"), "duplicate");
  EXPECT_EQ(settles(lab.net(), kHost6, "host0"), "duplicate");
  EXPECT_EQ(settles(container.netns(), "fd20::1", "eth0"), "duplicate");
  add(container.netns(), "fd20::ee", "eth0", "nodad");
  EXPECT_EQ(settles(lab.host(), "fd20::ee", "br-lab"), "duplicate");
}

// RFC 4861 section 4.2 and 4.6.2, RFC 8981.
TEST_F(OwnSource, AddressesThatARouterAnnouncesWorkThePrivateOnesToo) {
  lab.on_host({"sysctl", "-qw", "net.ipv6.conf.uplink0.accept_ra=2",
               "net.ipv6.conf.uplink0.use_tempaddr=2", "net.ipv6.conf.uplink0.autoconf=1"});
  run({.words = {"ip", "route", "add", "2001:db8:79::/64", "dev", "host0"}, .netns = lab.net()});
  const Daemon daemon(lab, policy_of());
  Tap after(lab.net(), "host0");
  IcmpMessage announcement{.type = 134, .word = 0x40000000, .hops = 255};
  announcement.body = {0,    0,    0,    0,    0,    0,    0, 0,                          // timers
                       3,    4,    64,   0xc0, 0,    0,    7, 8, 0, 0, 7, 8, 0, 0, 0, 0,  // prefix
                       0x20, 0x01, 0x0d, 0xb8, 0x00, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  ASSERT_EQ(
      send_forged(lab.net(), forged_icmp({link_local(lab.net(), "host0"), "ff02::1"}, announcement),
                  "host0"),
      0);
  const auto has = [&](const char* word) {
    return lab.on_host({"ip", "-6", "-o", "address", "show", "dev", "uplink0"}).find(word) !=
           std::string::npos;
  };
  ASSERT_TRUE(eventually([&] { return has("temporary"); }));
  // The one with the longest common prefix is chosen, and of a prefix the private address.
  lab.on_host({"ip", "address", "del", std::string(kHost6) + "/64", "dev", "uplink0"});
  lab.on_host({"sh", "-c", "ip -6 route replace default via 2001:db8:77::1 dev uplink0 onlink"});
  EXPECT_TRUE(eventually([&] { return tcp(kApi6) == Seen::answered; }));
  EXPECT_EQ(tcp(kOther6), Seen::refused);
  const auto came = [&](const char* prefix) {
    for (const SeenPacket& packet : after.seen()) {
      if (packet.destination == kApi6 && packet.source.starts_with(prefix)) return true;
    }
    return false;
  };
  EXPECT_TRUE(came("2001:db8:79:"));
}

// Without its report a switch may withhold what the address needs; RFC 3810.
TEST_F(OwnSource, TheGroupOfANewAddressIsReported) {
  const Daemon daemon(lab, policy_of());
  Tap after(lab.net(), "host0");
  add(lab.host(), "2001:db8:77::bb", "uplink0", "nodad");
  EXPECT_TRUE(eventually([&] { return after.count("ff02::16") > 0; }));
}

// As clients do that ask by a socket of the kernel's.
TEST_F(OwnSource, AHostWithoutAnAddressAsksForOne) {
  const Daemon daemon(lab, policy_of());
  Tap after(lab.net(), "host0");
  lab.on_host({"ip", "-4", "address", "flush", "dev", "uplink0"});
  lab.on_host({"ip", "-4", "address", "flush", "dev", "br-lab"});
  const int sent = in_namespace(lab.host(), [] {
    const SocketAddress any("0.0.0.0", 68), all("255.255.255.255", 67);
    const int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(made, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, "uplink0", 7);
    const bool is_bound = bind(made, any.get(), any.length) == 0;
    const bool is_sent = is_bound && sendto(made, "ask", 3, 0, all.get(), all.length) == 3;
    close(made);
    return is_sent;
  });
  EXPECT_TRUE(sent);
  EXPECT_TRUE(eventually([&] {
    return std::ranges::any_of(after.seen(), [](const SeenPacket& packet) {
      return packet.source == "0.0.0.0" && packet.port == 67;
    });
  }));
}

TEST_F(OwnSource, ADhcpClientGetsItsLeaseAndRenewsIt) {
  ChildProcess server({.words = {"dnsmasq", "--no-daemon", "--port=0", "--interface=host0",
                                 "--bind-interfaces", "--dhcp-authoritative", "--leasefile-ro",
                                 "--dhcp-range=10.77.0.50,10.77.0.60,2m", "--log-dhcp"},
                       .netns = lab.net(),
                       .output = lab.dir() / "dnsmasq.log"});
  const Daemon daemon(lab, policy_of());
  lab.on_host({"ip", "-4", "address", "flush", "dev", "uplink0"});
  const std::string script = lab.dir() / "lease";
  std::ofstream(script) << "#!/bin/sh\necho $1 >>" << script << ".log\n[ \"$ip\" ] && "
                        << "ip address replace $ip/24 dev uplink0\nexit 0\n";
  std::filesystem::permissions(script, std::filesystem::perms::all);
  ChildProcess client({.words = {"busybox", "udhcpc", "-f", "-i", "uplink0", "-s", script},
                       .netns = lab.host(),
                       .output = lab.dir() / "udhcpc.log"});
  const auto has_said = [&](const char* word) {
    return eventually([&] {
      return run({.words = {"grep", "-c", word, script + ".log"}}).exit_code == 0;
    });
  };
  EXPECT_TRUE(has_said("bound"));
  client.signal(SIGUSR1);
  EXPECT_TRUE(has_said("renew"));
}

// Of a container, to a server on the host.
TEST_F(OwnSource, AContainerWithoutAnAddressAsksForOne) {
  const std::string log = lab.dir() / "dnsmasq.log";
  const Daemon daemon(lab, policy_of());
  ChildProcess server(
      {.words = {"dnsmasq", "--no-daemon", "--port=0", "--interface=br-lab", "--bind-interfaces",
                 "--leasefile-ro", "--log-dhcp", "--dhcp-range=172.20.0.50,172.20.0.60,2m"},
       .netns = lab.host(),
       .output = log});
  run({.words = {"ip", "-4", "address", "flush", "dev", "eth0"}, .netns = container.netns()});
  ChildProcess client({.words = {"busybox", "udhcpc", "-f", "-i", "eth0", "-s", "/bin/true"},
                       .netns = container.netns(),
                       .output = lab.dir() / "udhcpc.log"});
  EXPECT_TRUE(eventually([&] {
    return run({.words = {"grep", "DHCPDISCOVER(br-lab)", log}}).exit_code == 0;
  }));
}

}  // namespace
}  // namespace egress::test
