// A program of the host sends under an address that is not the host's: nothing of it leaves, and
// nothing that answers it.
#include <gmock/gmock.h>
#include <netinet/in.h>

#include <algorithm>

#include "net/sources.hpp"
#include "support/container.hpp"
#include "support/raw_socket.hpp"

namespace egress::test {
namespace {

using testing::IsEmpty;

class ForeignSource : public SourcesTest {
 protected:
  ForeignSource() {
    watch(lab.net(), "host0", {kHost4, kHost6, "::", link_local(lab.host(), "uplink0")});
  }

  // The ways lead out, then egressd comes, then they do not.
  void expect_to_hold(const Ways& ways) {
    ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
    const Daemon daemon(lab, policy_of());
    EXPECT_THAT(seen(ways), IsEmpty());
    expect_allowed_works();
  }
};

// Those that an echo request may be sent to: the others are ports of an address that is among them.
std::vector<Target> addresses_of(std::vector<Target> targets) {
  std::erase_if(targets,
                [](const Target& target) { return target.port == 9 || target.port == 53; });
  return targets;
}

const SocketKind kUdp{"UDP", Use::messages, {.type = SOCK_DGRAM, .user = kAgent}};
const SocketKind kConnectedUdp{
    "connected UDP", Use::connected, {.type = SOCK_DGRAM, .user = kAgent}};
const SocketKind kUdpByMessage{"UDP by message",
                               Use::messages,
                               {.type = SOCK_DGRAM, .how = Borrowing::by_message, .user = kAgent}};
const SocketKind kUdpByRing{"UDP by a ring",
                            Use::messages,
                            {.type = SOCK_DGRAM, .how = Borrowing::by_ring, .user = kAgent}};
const SocketKind kTcp{"TCP", Use::connects, {.type = SOCK_STREAM, .user = kAgent}};
const SocketKind kUdpLite{
    "UDP-Lite", Use::messages, {.type = SOCK_DGRAM, .protocol = IPPROTO_UDPLITE, .user = kAgent}};
const SocketKind kPing{
    "ping", Use::pings, {.type = SOCK_DGRAM, .protocol = IPPROTO_ICMPV6, .user = kAgent}};

// The same of a program with CAP_NET_RAW or CAP_NET_ADMIN.
SocketKind with_rights(SocketKind kind) {
  kind.how.user = 0;
  if (kind.how.how == Borrowing::freebind) kind.how.how = Borrowing::transparent;
  return kind;
}

TEST_F(ForeignSource, OfAnUnprivilegedUsersIpv6DatagramsLeavesNothing) {
  const auto targets = targets_of_host(AF_INET6);
  expect_to_hold(socket_ways(lab.host(), kEvil6, kUdp, targets) +
                 socket_ways(lab.host(), kEvil6, kConnectedUdp, targets) +
                 socket_ways(lab.host(), kEvil6, kUdpByMessage, targets) +
                 socket_ways(lab.host(), kEvil6, kUdpByRing, targets));
}

TEST_F(ForeignSource, OfAnUnprivilegedUsersIpv6ConnectionsLeavesNothing) {
  expect_to_hold(socket_ways(lab.host(), kEvil6, kTcp, targets_of_host(AF_INET6)));
}

TEST_F(ForeignSource, OfAnUnprivilegedUsersIpv6PingsLeavesNothing) {
  expect_to_hold(socket_ways(lab.host(), kEvil6, kPing, addresses_of(targets_of_host(AF_INET6))));
}

TEST_F(ForeignSource, OfUdpLiteLeavesNothing) {
  expect_to_hold(socket_ways(lab.host(), kEvil6, kUdpLite, targets_of_host(AF_INET6)) +
                 socket_ways(lab.host(), kEvil4, with_rights(kUdpLite), targets_of_host(AF_INET)));
}

TEST_F(ForeignSource, OfTransparentSocketsLeavesNothing) {
  Ways ways;
  for (const SocketKind& kind : {kUdp, kConnectedUdp, kUdpByMessage, kTcp}) {
    ways = ways + socket_ways(lab.host(), kEvil6, with_rights(kind), targets_of_host(AF_INET6));
    ways = ways + socket_ways(lab.host(), kEvil4, with_rights(kind), targets_of_host(AF_INET));
  }
  std::vector<Target> mapped = targets_of_host(AF_INET);
  for (Target& target : mapped) target.address = "::ffff:" + target.address;
  expect_to_hold(
      ways + socket_ways(lab.host(), std::string("::ffff:") + kEvil4, with_rights(kUdp), mapped));
}

TEST_F(ForeignSource, OfRawSocketsLeavesNothing) {
  const SocketKind raw{
      "raw",
      Use::pings,
      {.type = SOCK_RAW, .protocol = IPPROTO_ICMPV6, .how = Borrowing::transparent}};
  const auto targets = targets_of_host(AF_INET6);
  expect_to_hold(socket_ways(lab.host(), kEvil6, raw, addresses_of(targets)) +
                 forged_ways(lab.host(), kEvil6, targets) +
                 forged_ways(lab.host(), kEvil4, targets_of_host(AF_INET)));
}

// Handed to `lo` as frames, packets come in without ever having gone out.
TEST_F(ForeignSource, OfFramesWrittenToLoopbackLeavesNothing) {
  Ways ways;
  for (const auto& [evil, host] : {std::pair(kEvil4, kHost4), {kEvil6, kHost6}}) {
    for (const Forged kind : {Forged::udp, Forged::echo}) {
      ways.push_back(
          {std::string("a frame to ") + host + ", kind " + std::to_string(static_cast<int>(kind)),
           [=, this](const Sign& sign) {
             const std::uint16_t type = is_v4(host) ? 0x0800 : 0x86dd;
             const Ends ends{evil, host, sign.port, kApp};
             (void)send_frame(lab.host(), FrameSocket::ordinary,
                              {"lo", type, forged(kind, ends, sign.text)});
           }});
    }
  }
  expect_to_hold(ways);
}

// Nor are they forwarded, whatever their source.
TEST_F(ForeignSource, OfFramesWrittenToLoopbackNothingIsForwarded) {
  lab.on_host({"sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
               "net.ipv4.conf.all.accept_local=1", "net.ipv4.conf.all.route_localnet=1",
               "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.lo.rp_filter=0"});
  Ways ways;
  for (const auto& [own, evil] :
       {std::pair(kHost4, kEvil4), {"127.0.0.2", kEvil4}, {kHost6, kEvil6}}) {
    for (const std::uint16_t port : {kApp, std::uint16_t{53}})
      ways.push_back(
          {std::string("a frame from ") + own + " to " + evil + ", port " + std::to_string(port),
           [=, this](const Sign& sign) {
             const std::uint16_t type = is_v4(evil) ? 0x0800 : 0x86dd;
             const Ends ends{own, evil, sign.port, port};
             (void)send_frame(lab.host(), FrameSocket::ordinary,
                              {"lo", type, forged(Forged::udp, ends, sign.text), 0});
           }});
  }
  expect_to_hold(ways);
}

// RFC 791 section 2.3, RFC 8200 section 4.
TEST_F(ForeignSource, OfFragmentsAndOfPacketsWithMoreHeadersLeavesNothing) {
  Ways ways;
  for (const char* to : {kHost4, kOther4}) {
    for (const bool asks_not_to_be_joined : {false, true})
      ways.push_back({std::string("fragments to ") + to, [=, this](const Sign& sign) {
                        send_in_fragments(lab.host(),
                                          {.source = kEvil4,
                                           .destination = to,
                                           .piece = 64,
                                           .asks_not_to_be_joined = asks_not_to_be_joined},
                                          Bytes(sign.text.begin(), sign.text.end()));
                      }});
  }
  for (const Target& target : targets_of_host(AF_INET6))
    ways.push_back({std::string("options to ") + target.name, [=, this](const Sign& sign) {
                      const Ends ends{kEvil6, target.address, sign.port, target.port};
                      (void)send_forged(lab.host(), with_options(forged_udp(ends, sign.text)));
                    }});
  expect_to_hold(ways);
}

// As Debian's mtr does it: any user may start a helper that has CAP_NET_RAW, and that sends what it
// is asked to under any address.
TEST_F(ForeignSource, OfAHelperThatAnyUserMayStartLeavesNothing) {
  const auto come = [this] {
    Tap after(lab.net(), "host0");
    for (const char* probe :
         {"ip-4 10.77.0.2 protocol udp local-port 4000 port 9", "ip-4 10.77.0.2 bit-pattern 65",
          "ip-4 140.82.112.4 bit-pattern 66", "ip-4 10.77.0.2 protocol tcp local-port 4001 port 9"})
      run({.words = {"sh", "-c",
                     std::string("echo 1 send-probe ") + probe + " local-ip-4 " + kEvil4 +
                         " size 500 timeout 1 | timeout 1 mtr-packet"},
           .netns = lab.host(),
           .user = kAgent});
    return std::ranges::count_if(after.seen(), [](const SeenPacket& packet) {
      return packet.source == kEvil4 || packet.destination == kEvil4;
    });
  };
  ASSERT_GE(come(), 3) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_EQ(come(), 0);
}

// A neighbour's and a container's: they may have a secret to tell, too, and be spoken for.
class SourceNearby : public ForeignSource {
 protected:
  static constexpr const char* kBeside6 = "2001:db8:78::1";
  static constexpr const char* kBeside4 = "10.78.0.1";

  SourceNearby() {
    shell(lab.host(),
          "ip link add beside0 type veth peer name beside1 netns " + lab.net() +
              "; ip address add 10.78.0.2/24 dev beside0;"
              "ip address add 2001:db8:78::2/64 dev beside0 nodad; ip link set beside0 up");
    shell(lab.net(),
          "ip address add 10.78.0.1/24 dev beside1;"
          "ip address add 2001:db8:78::1/64 dev beside1 nodad; ip link set beside1 up");
    watch(lab.net(), "beside1");
    watch(container.netns(), "eth0");
    for (const int family : {AF_INET, AF_INET6}) let_speak(container.address(family));
  }

  const Container container{lab};
};

TEST_F(SourceNearby, IsHeldAlike) {
  const auto targets6 = targets_of_host(AF_INET6), targets4 = targets_of_host(AF_INET);
  Ways ways;
  for (const std::string& source : {std::string(kBeside6), container.address(AF_INET6)}) {
    ways = ways + socket_ways(lab.host(), source, kUdp, targets6) +
           socket_ways(lab.host(), source, kTcp, targets6);
  }
  for (const std::string& source : {std::string(kBeside4), container.address(AF_INET)})
    ways = ways + forged_ways(lab.host(), source, targets4);
  expect_to_hold(ways);
}

// A table of others may refuse before egressd's own filter is asked, whichever was loaded first.
TEST_F(ForeignSource, IsNotAnsweredByWhatAnotherFirewallRefuses) {
  const auto load_other = [&] {
    lab.nft(R"(table inet other
delete table inet other
table inet other {
  chain before { type filter hook output priority -110; ip6 daddr 2001:db8:5::/64 goto refuse; }
  chain beside { type filter hook output priority filter; ip6 daddr 2001:db8:6::/64 goto refuse; }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
}
)");
  };
  const std::vector<Target> targets{{"what is refused before", "2001:db8:5::1", kAllowed},
                                    {"what is refused beside", "2001:db8:6::1", kAllowed}};
  const Ways ways = socket_ways(lab.host(), kEvil6, kUdp, targets) +
                    socket_ways(lab.host(), kEvil6, kTcp, targets);
  load_other();
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  load_other();
  EXPECT_THAT(seen(ways), IsEmpty());
  expect_allowed_works();
}

// To the neighbour on the same link, who need not have any other address.
TEST_F(ForeignSource, OfANeighboursLinkLocalAddressIsHeld) {
  const std::string neighbour = link_local(lab.net(), "host0") + "%uplink0";
  const std::string own = link_local(lab.host(), "uplink0") + "%uplink0";
  std::vector<Target> targets = targets_of_host(AF_INET6);
  targets.push_back({"a closed port of its link-local address", own, kClosed});
  targets.push_back({"a program at its link-local address", own, kApp});
  expect_to_hold(socket_ways(lab.host(), neighbour, kUdp, targets) +
                 socket_ways(lab.host(), neighbour, kTcp, targets));
}

}  // namespace
}  // namespace egress::test
