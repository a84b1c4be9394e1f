// What containers send under addresses of their own works as before, with the translations and the
// errors that it needs.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "net/sources.hpp"
#include "support/container.hpp"
#include "support/netns.hpp"
#include "support/tcp_session.hpp"

namespace egress::test {
namespace {

constexpr std::size_t kMuch = 400'000;

enum class Sends { server, client };

// How much of kMuch gets through a connection of its own, in full segments that must not be split.
std::size_t transfer(const std::string& server, std::uint16_t port, const std::string& client,
                     const std::string& address, Sends who) {
  TcpSession session(server, port, client, address);
  const int from = who == Sends::server ? session.server() : session.client();
  const int to = who == Sends::server ? session.client() : session.server();
  const Bytes piece(16'384);
  std::size_t sent = 0, got = 0;
  Bytes room(piece.size());
  const auto end = std::chrono::steady_clock::now() + 4s;
  while (got < kMuch && std::chrono::steady_clock::now() < end) {
    if (sent < kMuch) {
      const ssize_t more = send(from, piece.data(), std::min(piece.size(), kMuch - sent),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
      if (more > 0) sent += static_cast<std::size_t>(more);
    }
    pollfd wanted{to, POLLIN, 0};
    if (poll(&wanted, 1, 10) <= 0) continue;
    const ssize_t more = recv(to, room.data(), room.size(), MSG_DONTWAIT);
    if (more > 0) got += static_cast<std::size_t>(more);
  }
  return got;
}

class Contained : public SourcesTest {
 protected:
  // Docker's way: what leaves by the uplink bears the host's address, and ports of the host are a
  // container's.
  void translate() {
    lab.nft(
        "table ip docker {\n"
        " chain pre {\n  type nat hook prerouting priority -100\n"
        "  fib daddr type local tcp dport 8080 dnat to 172.20.0.2:5555\n"
        "  fib daddr type local udp dport 8080 dnat to 172.20.0.2:5555\n }\n"
        " chain out {\n  type nat hook output priority -100\n"
        "  ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8080 dnat to 172.20.0.2:5555\n "
        "}\n"
        " chain post {\n  type nat hook postrouting priority 100\n"
        "  ip saddr 172.20.0.0/15 oifname \"uplink0\" masquerade\n"
        "  ip saddr 172.20.0.0/16 ip daddr 172.20.0.0/16 masquerade\n }\n}\n"
        "table ip6 docker {\n"
        " chain pre {\n  type nat hook prerouting priority -100\n"
        "  fib daddr type local tcp dport 8080 dnat to [fd20::2]:5555\n }\n"
        " chain out {\n  type nat hook output priority -100\n"
        "  fib daddr type local tcp dport 8080 dnat to [fd20::2]:5555\n }\n"
        " chain post {\n  type nat hook postrouting priority 100\n"
        "  ip6 saddr fd20::/15 oifname \"uplink0\" masquerade\n"
        "  ip6 saddr fd20::/64 ip6 daddr fd20::/64 masquerade\n }\n}\n");
  }

  const Container self{lab};
  const Container neighbour{lab, {.host = 3}};
  const Container other{lab, {.bridge = "br-two", .net = 21}};
  const TcpServer accepts_{self.netns(), {kApp}};
  UdpServer answers_{self.netns(), kApp, echo()};
};

TEST_F(Contained, ContainersReachWhatIsAllowedBehindTheHostsAddress) {
  translate();
  const Daemon daemon(lab, policy_of());
  Tap after(lab.net(), "host0");
  for (const Container* container : {&self, &neighbour, &other}) {
    for (const char* address : {kApi4, kApi6}) {
      EXPECT_EQ(tcp_probe(container->netns(), address, kAllowed), Seen::answered);
      EXPECT_EQ(udp_probe(container->netns(), address, kAllowed), Seen::answered);
    }
    for (const char* address : {kOther4, kOther6}) {
      EXPECT_EQ(tcp_probe(container->netns(), address, kAllowed), Seen::refused);
      EXPECT_EQ(udp_probe(container->netns(), address, kAllowed), Seen::refused);
    }
  }
  for (const SeenPacket& packet : after.seen())
    EXPECT_FALSE(packet.source.starts_with("172.") || packet.source.starts_with("fd2"))
        << packet.source;
}

// From outside, from the host, from another network and from the container's own.
TEST_F(Contained, APublishedPortIsReachedFromEverywhere) {
  translate();
  const Daemon daemon(lab, policy_of());
  for (const char* host : {kHost4, kHost6}) {
    EXPECT_EQ(tcp_probe(lab.net(), host, 8080), Seen::answered) << host;
    EXPECT_EQ(tcp_probe(lab.host(), host, 8080), Seen::answered) << host;
    EXPECT_EQ(tcp_probe(other.netns(), host, 8080), Seen::answered) << host;
    EXPECT_EQ(tcp_probe(neighbour.netns(), host, 8080), Seen::answered) << host;
  }
  EXPECT_EQ(udp_probe(lab.net(), kHost4, 8080), Seen::answered);
}

TEST_F(Contained, ContainersReachEachOtherTheirBridgesAndTheHost) {
  const Daemon daemon(lab, policy_of());
  for (const int family : {AF_INET, AF_INET6}) {
    const std::string host = family == AF_INET ? kHost4 : kHost6;
    for (const Container* from : {&neighbour, &other}) {
      EXPECT_EQ(tcp_probe(from->netns(), self.address(family), kApp), Seen::answered);
      EXPECT_EQ(udp_probe(from->netns(), self.address(family), kApp), Seen::answered);
      EXPECT_EQ(udp_probe(from->netns(), self.address(family), kClosed), Seen::refused);
      EXPECT_EQ(ping_probe(from->netns(), self.address(family)), Seen::answered);
      for (const std::string& address : {from->gateway(family), host}) {
        EXPECT_EQ(tcp_probe(from->netns(), address, kApp), Seen::answered) << address;
        EXPECT_EQ(udp_probe(from->netns(), address, kApp), Seen::answered) << address;
        EXPECT_EQ(udp_probe(from->netns(), address, kClosed), Seen::refused) << address;
        EXPECT_EQ(tcp_probe(from->netns(), address, kClosed), Seen::refused) << address;
        EXPECT_EQ(ping_probe(from->netns(), address), Seen::answered) << address;
      }
    }
  }
}

TEST_F(Contained, WhoComesFromOutsideToAContainerIsAnswered) {
  const Daemon daemon(lab, policy_of());
  for (const int family : {AF_INET, AF_INET6}) {
    EXPECT_EQ(tcp_probe(lab.net(), self.address(family), kApp), Seen::answered);
    EXPECT_EQ(udp_probe(lab.net(), self.address(family), kApp), Seen::answered);
    EXPECT_EQ(ping_probe(lab.net(), self.address(family)), Seen::answered);
    EXPECT_EQ(tcp_probe(lab.net(), self.address(family), kClosed), Seen::refused);
    EXPECT_EQ(udp_probe(lab.net(), self.address(family), kClosed), Seen::refused);
  }
}

// A network beyond a router of the internet, and one beyond a container that is a router itself.
class NarrowPath : public Contained, public testing::WithParamInterface<int> {
 protected:
  static constexpr const char* kFar4 = "198.18.50.2";
  static constexpr const char* kFar6 = "2001:db8:50::2";
  static constexpr const char* kDeep4 = "172.30.0.2";
  static constexpr const char* kDeep6 = "fd30::2";

  NarrowPath() {
    shell(lab.net(), "ip link add tofar type veth peer name eth0 netns " + far.name() +
                         "; ip address add 198.18.50.1/24 dev tofar;"
                         "ip address add 2001:db8:50::1/64 dev tofar nodad; ip link set tofar up;"
                         "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    far.run(
        "ip address add 198.18.50.2/24 dev eth0; ip address add 2001:db8:50::2/64 dev eth0 nodad;"
        "ip link set eth0 up; ip route add default via 198.18.50.1;"
        "ip route add default via 2001:db8:50::1");
    shell(self.netns(), "ip link add todeep type veth peer name eth0 netns " + deep.name() +
                            "; ip address add 172.30.0.1/24 dev todeep;"
                            "ip address add fd30::1/64 dev todeep nodad; ip link set todeep up;"
                            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    deep.run(
        "ip address add 172.30.0.2/24 dev eth0; ip address add fd30::2/64 dev eth0 nodad;"
        "ip link set eth0 up; ip route add default via 172.30.0.1;"
        "ip route add default via fd30::1");
    shell(lab.host(),
          "ip route add 172.30.0.0/24 via 172.20.0.2; ip route add fd30::/64 via fd20::2");
    shell(lab.net(),
          "ip route add 172.30.0.0/24 via 10.77.0.2;"
          "ip route add fd30::/64 via 2001:db8:77::2");
    far.await_link("eth0");
    deep.await_link("eth0");
  }
  static void narrow(const std::string& netns, const std::string& device) {
    shell(netns, "ip link set dev " + device + " mtu 1300");
  }
  bool is_4() const { return GetParam() == 4; }
  std::string far_address() const { return is_4() ? kFar4 : kFar6; }
  std::string policy_of_far() const {
    return guarded_policy("198.18.50.2:443, \"[2001:db8:50::2]:443\"", "forward: [\"br-*\"]");
  }

  const NetworkNamespace far, deep;
};
INSTANTIATE_TEST_SUITE_P(Ip, NarrowPath, testing::Values(4, 6),
                         [](const auto& of) { return "v" + std::to_string(of.param); });

// A router of the internet tells the container.
TEST_P(NarrowPath, BeyondTheHostIsFoundByAContainer) {
  narrow(lab.net(), "tofar");
  const Daemon daemon(lab, policy_of_far());
  EXPECT_EQ(transfer(far.name(), 443, self.netns(), far_address(), Sends::client), kMuch);
  EXPECT_EQ(transfer(far.name(), 443, lab.host(), far_address(), Sends::client), kMuch);
}

// The host tells the far side.
TEST_P(NarrowPath, AtTheContainersLinkIsFoundByTheFarSide) {
  narrow(lab.host(), "br-lab");
  const Daemon daemon(lab, policy_of_far());
  EXPECT_EQ(transfer(far.name(), 443, self.netns(), far_address(), Sends::server), kMuch);
}

// A container that is a router tells the far side. The error is its own in the eyes of the host, as
// with an engine in a container; without translation it would be an error about the flow of
// another.
TEST_P(NarrowPath, BehindAContainerThatTranslatesIsFoundByTheFarSide) {
  narrow(self.netns(), "todeep");
  shell(self.netns(),
        "nft 'add table inet nat'; nft 'add chain inet nat post { type nat hook postrouting"
        " priority 100; }'; nft 'add rule inet nat post oifname \"eth0\" masquerade'");
  const Daemon daemon(lab, policy_of_far());
  EXPECT_EQ(transfer(far.name(), 443, deep.name(), far_address(), Sends::server), kMuch);
}

// Behind the translation the error is about an address that is not the container's.
TEST_P(NarrowPath, IsFoundBehindAddressTranslation) {
  translate();
  narrow(lab.net(), "tofar");
  narrow(lab.host(), "br-lab");
  const Daemon daemon(lab, policy_of_far());
  EXPECT_EQ(transfer(far.name(), 443, self.netns(), far_address(), Sends::client), kMuch);
  EXPECT_EQ(transfer(far.name(), 443, self.netns(), far_address(), Sends::server), kMuch);
}

}  // namespace
}  // namespace egress::test
