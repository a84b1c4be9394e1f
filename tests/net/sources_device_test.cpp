// Packets that are written into the host, or come back to it: by a device that a user holds, and by
// a gateway that returns what it was sent.
#include <gmock/gmock.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "net/sources.hpp"
#include "support/container.hpp"
#include "support/tcp_session.hpp"
#include "support/tun.hpp"

namespace egress::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class Device : public SourcesTest {
 protected:
  Device(uid_t owner, Tun::Kind kind) : tun(lab.host(), "tun0", owner, kind) {
    watch(lab.net(), "host0");
  }

  Ways ways_from(const std::string& source, const std::vector<Target>& targets) {
    constexpr std::array kNames{"UDP", "echo", "SYN"};
    Ways ways;
    for (const Target& target : targets) {
      for (const Forged kind : {Forged::udp, Forged::echo, Forged::syn})
        ways.push_back({std::string(kNames.at(static_cast<std::size_t>(kind))) + " from " + source +
                            " to " + target.name,
                        [=, this](const Sign& sign) {
                          const Ends ends{source, target.address, sign.port, target.port};
                          (void)tun.write(forged(kind, ends, sign.text));
                        }});
    }
    return ways;
  }
  void forward() const {
    lab.on_host({"sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                 "net.ipv4.conf.all.rp_filter=0"});
  }
  void do_not_forward() const {
    lab.on_host({"sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0",
                 "net.ipv4.conf.all.rp_filter=0"});
  }

  Tun tun;
};

class UsersDevice : public Device, public testing::WithParamInterface<Tun::Kind> {
 protected:
  UsersDevice() : Device(kAgent, GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Of, UsersDevice, testing::Values(Tun::Kind::tun, Tun::Kind::tap_of_bridge),
                         [](const auto& of) {
                           return of.param == Tun::Kind::tun ? "Tun" : "TapInABridge";
                         });

// It lies on no held link, and nobody listed it.
TEST_P(UsersDevice, SendsNothingUnderAForeignSource) {
  do_not_forward();
  std::vector<Target> of_host4 = targets_of_host(AF_INET), of_host6 = targets_of_host(AF_INET6);
  for (auto* targets : {&of_host4, &of_host6}) targets->resize(3);  // what the host itself answers
  const Ways ways = ways_from(kEvil4, of_host4) + ways_from(kEvil6, of_host6);
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(ways), IsEmpty());
}

// Also under the address that is its own: to the policy's addresses only, where the device is held.
TEST_P(UsersDevice, SendsOnlyToWhatIsAllowedWhereItIsHeld) {
  forward();
  const std::vector<Target> refused4{{"what is refused", kOther4, 7000}},
      refused6{{"what is refused", kOther6, 7000}}, allowed4{{"what is allowed", kApi4, kAllowed}},
      allowed6{{"what is allowed", kApi6, kAllowed}};
  const Ways foreign = ways_from(kEvil4, targets_of_host(AF_INET)) +
                       ways_from(kEvil6, targets_of_host(AF_INET6)),
             own = ways_from("10.9.9.2", refused4) + ways_from("fd99::2", refused6);
  ASSERT_THAT(unseen(foreign + own), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of("forward: [\"br-*\", \"tun*\", \"vmbr*\"]"));
  EXPECT_THAT(seen(foreign + own), IsEmpty());
  const auto passed = seen(ways_from("10.9.9.2", allowed4) + ways_from("fd99::2", allowed6));
  EXPECT_THAT(passed, Contains("UDP from 10.9.9.2 to what is allowed"));
  EXPECT_THAT(passed, Contains("UDP from fd99::2 to what is allowed"));
}

TEST_P(UsersDevice, OfAHostThatForwardsSendsNothingUnderAForeignSource) {
  forward();
  const Ways foreign =
      ways_from(kEvil4, targets_of_host(AF_INET)) + ways_from(kEvil6, targets_of_host(AF_INET6));
  ASSERT_THAT(unseen(foreign), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(foreign), IsEmpty());
}

// A virtual machine of root's, or a VPN.
class RootsDevice : public Device {
 protected:
  static constexpr const char* kAllIsHeld = "";
  RootsDevice() : Device(0, Tun::Kind::tun) { forward(); }
  Ways ways_to_what_is_refused() {
    return ways_from("10.9.9.2", {{"what is refused", kOther4, 7000}}) +
           ways_from("fd99::2", {{"what is refused", kOther6, 7000}});
  }
};

TEST_F(RootsDevice, SpeaksInNoOthersNameWhereAllIsHeld) {
  const Ways foreign =
      ways_from(kEvil4, targets_of_host(AF_INET)) + ways_from(kEvil6, targets_of_host(AF_INET6));
  ASSERT_THAT(unseen(foreign), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of(kAllIsHeld));
  EXPECT_THAT(seen(foreign), IsEmpty());
  const auto passed = seen(ways_from("10.9.9.2", {{"what is allowed", kApi4, kAllowed}}));
  EXPECT_THAT(passed, Contains("UDP from 10.9.9.2 to what is allowed"));
}

// The route that the kernel takes from a router advertisement, which any guest can send.
TEST_F(RootsDevice, IsNoWayOutBecauseItSaysSo) {
  const Ways ways = ways_to_what_is_refused();
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  lab.on_host(
      {"ip", "-6", "route", "add", "default", "dev", "tun0", "proto", "ra", "metric", "4096"});
  {
    const Daemon daemon(lab, policy_of(kAllIsHeld));
    EXPECT_THAT(seen(ways), IsEmpty());
    EXPECT_THAT(daemon.egressctl({"status"}).output, HasSubstr("held: tun0"));
  }
  lab.on_host(
      {"ip", "-6", "route", "add", "default", "dev", "tun0", "proto", "static", "metric", "4097"});
  const Daemon daemon(lab, policy_of(kAllIsHeld));
  EXPECT_THAT(unseen(ways), IsEmpty()) << "the contrast: root says so";
}

// A device that unpacks what anybody sends to its port: what was packed comes in by it; RFC 7348.
class Encapsulated : public SourcesTest {
 protected:
  Encapsulated() {
    shell(lab.host(),
          "sysctl -qw net.ipv4.conf.all.rp_filter=0;"
          "ip link add vxlan0 address 02:00:00:00:00:05 type vxlan id 5 dstport 4789;"
          "ip address add 10.50.0.1/24 dev vxlan0; ip address add fd50::1/64 dev vxlan0 nodad;"
          "ip link set vxlan0 up");
    watch(lab.net(), "host0");
  }

  static std::string frame_with(const IpPacket& packet) {
    const bool is_v4 = packet[0] >> 4U == 4;
    std::string all("\x08\0\0\0\0\0\x05\0", 8);
    all.append("\x02\0\0\0\0\x05\x02\0\0\0\0\x01", 12).append(is_v4 ? "\x08" : "\x86");
    all.push_back(is_v4 ? '\0' : '\xdd');
    return all.append(packet.begin(), packet.end());
  }
  using Pairs = std::vector<std::pair<const char*, const char*>>;

  // What is packed has these ends; it is sent from `own` to the tunnel's port at `to`.
  Ways ways(const std::string& netns, const std::string& own, const std::string& to,
            const Pairs& packed) const {
    Ways all;
    for (const auto& [source, destination] : packed) {
      for (const Forged kind : {Forged::udp, Forged::echo, Forged::syn})
        all.push_back(
            {"packed, from " + own + ", kind " + std::to_string(static_cast<int>(kind)) + " to " +
                 destination,
             [=](const Sign& sign) {
               const Ends ends{source, destination, sign.port, kApp};
               BorrowedSocket socket(
                   netns, {.source = own, .port = sign.port, .type = SOCK_DGRAM, .user = kAgent});
               (void)socket.send(to, 4789, frame_with(forged(kind, ends, sign.text)));
             }});
    }
    return all;
  }

  const Container container{lab};
};

TEST_F(Encapsulated, PacketsUnderAForeignSourceAreNotAnswered) {
  const Pairs foreign{{kEvil4, kHost4}, {kEvil6, kHost6}};
  const Ways all = ways(lab.host(), kHost4, kHost4, foreign) +
                   ways(container.netns(), container.address(AF_INET), kHost4, foreign);
  ASSERT_THAT(unseen(all), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(all), IsEmpty());
  expect_allowed_works();
}

// As from another node of a cluster, whose guests this host forwards for.
TEST_F(Encapsulated, PacketsOfThoseBehindItLeadToNobodyWhoIsNotAllowed) {
  lab.on_host({"sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"});
  const Pairs behind{{"10.50.0.5", kEvil4}, {"fd50::5", kEvil6}};
  const Ways all = ways(lab.host(), kHost4, kHost4, behind) +
                   ways(lab.host(), "127.0.0.1", "127.0.0.1", behind) +
                   ways(container.netns(), container.address(AF_INET), kHost4, behind);
  ASSERT_THAT(unseen(all), IsEmpty()) << "positive control";
  for (const char* more : {"forward: [\"br-*\"]", "forward: []"}) {
    const Daemon daemon(lab, policy_of(more));
    EXPECT_THAT(seen(all), IsEmpty()) << more;
    expect_allowed_works();
  }
}

// The gateway sends back what it gets for one address: so a packet of the host's comes in from
// outside, and whoever answers it answers a stranger.
class ReturnedPacket : public SourcesTest {
 protected:
  ReturnedPacket() { watch(lab.net(), "host0"); }
};

TEST_F(ReturnedPacket, OfAnAllowedDestinationIsNoWayOut) {
  // What is allowed is routed back to the host, which has that address, too, in the gateway's eyes.
  run({.words = {"sh", "-ec",
                 "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1;"
                 "ip rule add priority 0 to 162.159.140.245 lookup 300;"
                 "ip -6 rule add priority 0 to 2606:4700:7::f5 lookup 300;"
                 "ip rule add priority 1 lookup local; ip rule del priority 0 lookup local;"
                 "ip -6 rule add priority 1 lookup local;"
                 "ip -6 rule del priority 0 lookup local;"
                 "ip route add 162.159.140.245 via 10.77.0.2 table 300;"
                 "ip route add 2606:4700:7::f5 via 2001:db8:77::2 table 300"},
       .netns = lab.net()});
  lab.on_host({"sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0"});
  const SocketKind messages{"UDP", Use::messages, {.type = SOCK_DGRAM, .user = kAgent}};
  const std::vector<Target> allowed{{"what comes back", kApi6, kAllowed}};
  const Ways ways = socket_ways(lab.host(), kEvil6, messages, allowed) +
                    forged_ways(lab.host(), kEvil4, {{"what comes back", kApi4, kAllowed}});
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(ways), IsEmpty());
}

// What was tracked before egressd came says nothing about who may go on.
class ForeignFlow : public SourcesTest {
 protected:
  ForeignFlow() {
    watch(lab.net(), "host0");
    lab.nft(
        "table inet tracking {\n chain output {\n type filter hook output priority 0\n"
        " ct state new accept\n }\n}\n");
  }
  // A program of the host's, that answers whoever wrote to it, later.
  int receiver(const char* address, std::uint16_t port) const {
    return in_namespace(lab.host(), [&] {
      const SocketAddress own(address, port);
      const int made = socket(own.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      return bind(made, own.get(), own.length) == 0 ? made : -1;
    });
  }
};

TEST_F(ForeignFlow, FromBeforeIsCutAtTheFirstStart) {
  Tap outside(lab.net(), "host0");
  const int six = receiver(kHost6, 6006), four = receiver(kHost4, 6006);
  BorrowedSocket evil(lab.host(),
                      {.source = kEvil6, .port = 4444, .type = SOCK_DGRAM, .user = kAgent});
  ASSERT_EQ(evil.send(kHost6, 6006, "hello"), 0);
  ASSERT_EQ(send_forged(lab.host(), forged_udp({kEvil4, kHost4, 4444, 6006}, "hello")), 0);
  const auto say = [&](const std::string& text) {
    for (const auto& [socket, address] : {std::pair(six, kEvil6), {four, kEvil4}}) {
      const SocketAddress to(address, 4444);
      (void)sendto(socket, text.data(), text.size(), 0, to.get(), to.length);
    }
  };
  const auto came = [&](const std::string& text) {
    std::set<std::string> to;
    for (const SeenPacket& packet : outside.seen())
      if (packet.carries(text)) to.insert(packet.destination);
    return to.size();
  };
  say("before egressd");
  ASSERT_TRUE(eventually([&] { return came("before egressd") == 2; })) << "positive control";
  // As after the far side has answered once: the flow is one of both directions.
  ASSERT_EQ(evil.send(kHost6, 6006, "again"), 0);
  const Daemon daemon(lab, policy_of());
  for (int turn = 0; turn < 5; ++turn) {
    say("after its start");
    (void)evil.send(kHost6, 6006, "again");
    (void)send_forged(lab.host(), forged_udp({kEvil4, kHost4, 4444, 6006}, "again"));
  }
  std::this_thread::sleep_for(400ms);
  EXPECT_EQ(came("after its start"), 0U);
  close(six);
  close(four);
}

// A session whose address was never the host's.
TEST_F(ForeignFlow, OfAFreelyBoundConnectionIsCutAtTheFirstStart) {
  run({.words = {"sh", "-ec", std::string("ip -6 route add ") + kEvil6 + " via 2001:db8:77::2"},
       .netns = lab.net()});
  lab.on_host({"sh", "-ec", std::string("ip -6 route add local ") + kEvil6 + " dev lo"});
  const int listener = in_namespace(lab.net(), [] {
    const SocketAddress any("::", 6007);
    const int made = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(made, any.get(), any.length) == 0 && listen(made, 1) == 0 ? made : -1;
  });
  BorrowedSocket client(lab.host(),
                        {.source = kEvil6, .port = 4445, .type = SOCK_STREAM, .user = kAgent});
  (void)client.connect(kApi6, 6007);
  const int server = accept(listener, nullptr, nullptr);
  ASSERT_GE(server, 0) << "positive control";
  Tap outside(lab.net(), "host0");
  ASSERT_EQ(client.send_connected("before egressd"), 0);
  ASSERT_TRUE(eventually([&] { return outside.carried("before egressd"); })) << "positive control";
  lab.on_host({"sh", "-ec", std::string("ip -6 route del local ") + kEvil6 + " dev lo"});
  ASSERT_EQ(client.send_connected("without the address"), 0);
  ASSERT_TRUE(eventually([&] { return outside.carried("without the address"); }))
      << "positive control";
  const Daemon daemon(lab, guarded_policy(std::string("\"[") + kApi6 + "]:6007\""));
  Tap after(lab.net(), "host0");
  (void)client.send_connected("after its start");
  std::this_thread::sleep_for(2s);  // it repeats what is not acknowledged, too
  EXPECT_FALSE(std::ranges::any_of(
      after.seen(), [](const SeenPacket& packet) { return packet.source == kEvil6; }));
  close(server);
  close(listener);
}

}  // namespace
}  // namespace egress::test
