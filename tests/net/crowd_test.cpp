// Who fills the connection tracking on purpose, and what then still works: it must be what is
// allowed, DNS, and whoever comes from outside.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>
#include <system_error>

#include "adapters/file_descriptor.hpp"
#include "net/guard_fixture.hpp"
#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/container.hpp"
#include "support/forged.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr uid_t kGreedy = 4321;
constexpr uid_t kOther = 5000;
constexpr std::size_t kMany = 50'000;  // flows of an attack that is to be bounded
constexpr auto kPause = 300ms;         // between the probes, which make flows, too:
constexpr double kOfProbes = 2'000;    // no more than so many
constexpr std::uint16_t kHostPort = 2222, kEchoPort = 7777;
constexpr const char* kHost4 = "10.77.0.2";
constexpr const char* kHost6 = "2001:db8:77::2";
constexpr const char* kHeld = "forward: [\"br-*\"]\n";
// Without egressd nothing else makes the kernel track.
constexpr const char* kTracking =
    "table inet tracking {\n chain f {\n  type filter hook forward priority 0\n"
    "  ct state new accept\n }\n}\n";

std::string read_file(const std::string& netns, const std::string& path) {
  return run({.words = {"ip", "netns", "exec", netns, "cat", path}}).output;
}

// ---- attacks ------------------------------------------------------------------------------------

// Where frames of a container go: by its link to its bridge.
class Wire {
 public:
  Wire(const Lab& lab, const Container& container, const std::string& bridge)
      : netns_(container.netns()) {
    const std::string text = read_file(lab.host(), "/sys/class/net/" + bridge + "/address");
    for (std::size_t i = 0; i < mac_.size(); ++i)
      mac_[i] = static_cast<std::uint8_t>(std::stoi(text.substr(i * 3, 2), nullptr, 16));
  }
  // Calls `make` in the container, with what sends a packet.
  using Send = std::function<void(const IpPacket&)>;
  void run(const std::function<void(const Send&)>& make) const {
    in_namespace(netns_, [&] {
      const FileDescriptor made(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (!made.is_open()) throw std::system_error(errno, std::generic_category(), "packet socket");
      sockaddr_ll to{};
      to.sll_family = AF_PACKET;
      to.sll_ifindex = static_cast<int>(if_nametoindex("eth0"));
      to.sll_halen = static_cast<std::uint8_t>(mac_.size());
      std::ranges::copy(mac_, to.sll_addr);
      make([&](const IpPacket& packet) {
        to.sll_protocol = htons(packet[0] >> 4U == 4 ? ETH_P_IP : ETH_P_IPV6);
        while (sendto(made.get(), packet.data(), packet.size(), 0,
                      reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0 &&
               errno == ENOBUFS)
          usleep(100);
      });
      return 0;
    });
  }

 private:
  std::string netns_;
  std::array<std::uint8_t, 6> mac_{};
};

// The ends of the nth flow, between addresses of the container's net that nobody else has.
Ends nth(std::size_t number, int family) {
  const auto port = static_cast<std::uint16_t>(1024 + number % 60'000);
  const std::string last = std::to_string(10 + number / 60'000);
  return family == AF_INET ? Ends{"172.20.1." + last, "172.20.2.1", port, 80}
                           : Ends{"fd20::1:" + last, "fd20::2:1", port, 80};
}

Ends reversed(const Ends& ends) {
  return {ends.destination, ends.source, ends.destination_port, ends.source_port};
}

// Both ends of each connection are the container's own.
void forge_handshakes(const Wire& wire, std::size_t count, int family) {
  wire.run([&](const Wire::Send& send) {
    for (std::size_t i = 0; i < count; ++i) {
      const Ends there = nth(i, family), back = reversed(there);
      send(forged_tcp(there, {.flags = kSyn, .sequence = 1'000}));
      send(forged_tcp(back, {.flags = kSyn | kAck, .sequence = 2'000, .acknowledged = 1'001}));
      send(forged_tcp(there, {.flags = kAck, .sequence = 1'001, .acknowledged = 2'001}));
    }
  });
}

void send_datagrams(const Wire& wire, std::size_t count, const Ends& to) {
  const int family = to.destination.find(':') == std::string::npos ? AF_INET : AF_INET6;
  wire.run([&](const Wire::Send& send) {
    for (std::size_t i = 0; i < count; ++i) {
      Ends ends = nth(i, family);
      ends.destination = to.destination;
      ends.destination_port = to.destination_port;
      send(forged_udp(ends, "x"));
    }
  });
}

// Where a user sends: to ever another address of 127/8, to ever another port, or each time from
// another address of 127/8.
struct Target {
  enum class Over { addresses, ports, sources };
  std::string address;
  Over over = Over::ports;
  std::uint16_t port = 9;
};

void set_loopback(sockaddr_storage& address, std::size_t number) {
  reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr =
      htonl(0x7f000002U + static_cast<std::uint32_t>(number));
}

FileDescriptor sender_from(int family, const Target& target, std::size_t number) {
  FileDescriptor made(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (target.over != Target::Over::sources) return made;
  SocketAddress from("127.0.0.1", 0);
  set_loopback(from.storage, number);
  if (bind(made.get(), from.get(), from.length) != 0)
    throw std::system_error(errno, std::generic_category(), "bind");
  return made;
}

// How many of the datagrams the kernel refused to send.
std::size_t send_as(uid_t user, const Target& target, std::size_t count) {
  become_in_thread(user);
  SocketAddress to(target.address, target.port);
  const std::size_t per_socket = target.over == Target::Over::sources ? 1 : 60'000;
  FileDescriptor sender;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % per_socket == 0) sender = sender_from(to.family(), target, i);
    if (target.over == Target::Over::addresses) set_loopback(to.storage, i);
    if (target.over == Target::Over::ports)  // at the same place in both families
      reinterpret_cast<sockaddr_in&>(to.storage).sin_port =
          htons(static_cast<std::uint16_t>(1'024 + i % per_socket));
    if (sendto(sender.get(), "x", 1, MSG_DONTWAIT, to.get(), to.length) < 0 && errno == EPERM)
      ++refused;
  }
  return refused;
}

std::size_t send_as_user(const std::string& netns, uid_t user, const Target& target,
                         std::size_t count) {
  return in_namespace(netns, [&] { return send_as(user, target, count); });
}

// ---- what must go on ----------------------------------------------------------------------------

class CrowdTest : public GuardTest {
 protected:
  std::size_t number(const char* name) const {
    return std::stoul(
        read_file(lab.host(), std::string("/proc/sys/net/netfilter/nf_conntrack_") + name));
  }
  std::size_t tracked() const { return number("count"); }

  Daemon start() { return Daemon(lab, guarded_policy("api.openai.com:443", kHeld)); }
  void expect_all_to_go_on(const std::string& when) {
    EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError) << when;
    EXPECT_EQ(tcp(kApi4), Seen::answered) << when;
    EXPECT_EQ(tcp(kApi6), Seen::answered) << when;
    EXPECT_EQ(tcp_probe(lab.net(), kHost4, kHostPort), Seen::answered) << when;
    EXPECT_EQ(tcp_probe(lab.net(), kHost6, kHostPort), Seen::answered) << when;
  }
  // Of so many connections out and as many in.
  std::size_t failures(std::size_t tries) {
    std::size_t failed = 0;
    for (std::size_t i = 0; i < tries; ++i) {
      if (tcp(kApi4) != Seen::answered) ++failed;
      if (tcp_probe(lab.net(), kHost4, kHostPort) != Seen::answered) ++failed;
    }
    return failed;
  }
  // While it lasts, and afterwards; and the flows that it leaves are within its bound.
  void expect_bounded(const std::function<void()>& attack) {
    const std::size_t before = tracked();
    const auto start = Clock::now();
    auto attacking = std::async(std::launch::async, attack);
    do {
      expect_all_to_go_on("meanwhile");
    } while (attacking.wait_for(kPause) != std::future_status::ready);
    attacking.get();
    expect_all_to_go_on("afterwards");
    const std::chrono::duration<double> lasted = Clock::now() - start;
    const auto share =
        static_cast<double>(most / 8) + static_cast<double>(most) / 320 * lasted.count();
    const std::size_t more = tracked() - std::min(before, tracked());
    EXPECT_GE(more, most / 10) << "control: the attack does make flows";
    EXPECT_LE(static_cast<double>(more), share + kOfProbes);
    std::cout << more << " flows more after " << lasted.count() << " s\n";
  }
  // Without egressd the same attack has no bound.
  void expect_unbounded(const std::function<void()>& attack) {
    const std::size_t before = tracked();
    attack();
    EXPECT_GE(tracked() - before, kMany * 9 / 10) << "control";
    lab.on_host({"conntrack", "-F"});
  }

  Container container{lab};
  Wire wire{lab, container, "br-lab"};
  TcpServer host_server{lab.host(), {kHostPort}};
  UdpServer host_echo{lab.host(), kEchoPort, echo()};
  std::size_t most = number("max");
};

// ---- the whole attack ---------------------------------------------------------------------------

TEST_F(CrowdTest, AFullTableDeafensAHostUntilEgressdMakesRoom) {
  lab.nft(kTracking);
  ASSERT_EQ(tcp(kApi4), Seen::answered);
  forge_handshakes(wire, most + most / 20, AF_INET);
  ASSERT_GE(tracked(), most - 100);
  EXPECT_GE(failures(10), 3U) << "control: few new connections find a place";
  const Daemon daemon = start();
  EXPECT_TRUE(eventually([&] { return tracked() <= most / 2 + 100; }, 20s)) << tracked();
  // Names whose questions found no place are asked for again.
  EXPECT_TRUE(eventually([&] { return tcp(kApi6) == Seen::answered; }, 30s));
  expect_all_to_go_on("once there is room");
  EXPECT_TRUE(eventually([&] { return daemon.log().find("too-many-flows") != std::string::npos; }));
  expect_bounded([&] { forge_handshakes(wire, kMany, AF_INET6); });
}

// ---- each way -----------------------------------------------------------------------------------

struct Way {
  const char* name;
  std::function<void(const Lab&, const Wire&)> attack;
};
void PrintTo(const Way& way, std::ostream* out) {
  *out << way.name;
}

class CrowdWays : public CrowdTest, public testing::WithParamInterface<Way> {};

TEST_P(CrowdWays, HasABound) {
  const auto attack = [&] { GetParam().attack(lab, wire); };
  lab.nft(kTracking);
  expect_unbounded(attack);
  const Daemon daemon = start();
  expect_all_to_go_on("before");
  expect_bounded(attack);
  const auto status = daemon.ask<control::StatusReply>(control::StatusRequest{});
  EXPECT_GE(status.crowded_packets, 10'000U);
  EXPECT_GE(status.tracked_flows, most / 10);
  EXPECT_EQ(status.most_flows, most);
  EXPECT_THAT(status.deviations, testing::IsEmpty());
}

const Way kWays[] = {
    {"HandshakesOfAContainer",
     [](const Lab&, const Wire& wire) { forge_handshakes(wire, kMany, AF_INET); }},
    {"HandshakesOfAContainerV6",
     [](const Lab&, const Wire& wire) { forge_handshakes(wire, kMany, AF_INET6); }},
    {"DatagramsToTheHost",
     [](const Lab&, const Wire& wire) {
       send_datagrams(wire, kMany, {"", "172.20.0.1", 0, kEchoPort});
     }},
    {"DatagramsToTheHostV6",
     [](const Lab&, const Wire& wire) {
       send_datagrams(wire, kMany, {"", "fd20::1", 0, kEchoPort});
     }},
    {"DatagramsToAnotherAddressOfTheHost",
     [](const Lab&, const Wire& wire) {
       send_datagrams(wire, kMany, {"", kHost4, 0, 9});
     }},
    {"QuestionsOfAContainer",
     [](const Lab&, const Wire& wire) {
       send_datagrams(wire, kMany, {"", kPublic4, 0, 53});
     }},
    {"QuestionsOfAContainerV6",
     [](const Lab&, const Wire& wire) {
       send_datagrams(wire, kMany, {"", kPublic6, 0, 53});
     }},
    {"AUserByLoopback",
     [](const Lab& lab, const Wire&) {
       send_as_user(lab.host(), kGreedy, {"127.0.0.2", Target::Over::addresses}, kMany);
     }},
    {"AUserByLoopbackV6",
     [](const Lab& lab, const Wire&) { send_as_user(lab.host(), kGreedy, {"::1"}, kMany); }},
    {"AUserByTheHostsAddress",
     [](const Lab& lab, const Wire&) { send_as_user(lab.host(), kGreedy, {kHost4}, kMany); }},
    {"AUserByTheHostsAddressV6",
     [](const Lab& lab, const Wire&) { send_as_user(lab.host(), kGreedy, {kHost6}, kMany); }},
    {"QuestionsOfAUser",
     [](const Lab& lab, const Wire&) {
       send_as_user(lab.host(), kGreedy, {"127.0.0.2", Target::Over::sources, 53}, kMany);
     }},
};
INSTANTIATE_TEST_SUITE_P(Of, CrowdWays, testing::ValuesIn(kWays),
                         [](const auto& way) { return std::string(way.param.name); });

// ---- nobody else pays ---------------------------------------------------------------------------

TEST_F(CrowdTest, OneLinkTakesNothingFromAnother) {
  const Container other(lab, {.bridge = "br-two", .net = 30});
  const Container third(lab, {.bridge = "br-three", .net = 31});
  TcpServer neighbour{third.netns(), {80}};
  const Daemon daemon = start();
  expect_bounded([&] {
    auto flooding = std::async(std::launch::async, [&] { forge_handshakes(wire, kMany, AF_INET); });
    do {
      EXPECT_EQ(tcp_probe(other.netns(), kHost4, kHostPort), Seen::answered);
      EXPECT_EQ(tcp_probe(other.netns(), third.address(AF_INET), 80), Seen::answered);
      EXPECT_EQ(tcp_probe(other.netns(), third.address(AF_INET6), 80), Seen::answered);
      EXPECT_EQ(rcode_of(test::ask(other.netns(), {kPublic4},
                                   {.name = "api.openai.com", .type = kTypeA})),
                kNoError);
    } while (flooding.wait_for(kPause) != std::future_status::ready);
  });
}

TEST_F(CrowdTest, OneUserTakesNothingFromAnother) {
  const Daemon daemon = start();
  EXPECT_GE(send_as_user(lab.host(), kGreedy, {"127.0.0.2", Target::Over::addresses}, kMany),
            kMany / 4);
  EXPECT_EQ(send_as_user(lab.host(), kOther, {"127.0.0.2", Target::Over::addresses}, 1'000), 0U);
  expect_all_to_go_on("for root");
}

// ---- what has a right to many -------------------------------------------------------------------

std::size_t connect_often(const std::string& netns, const SocketAddress& to, std::size_t times) {
  return in_namespace(netns, [&] {
    std::size_t made = 0;
    for (std::size_t i = 0; i < times; ++i) {
      const FileDescriptor one(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      setsockopt(one.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      if (connect(one.get(), to.get(), to.length) == 0) ++made;
    }
    return made;
  });
}

TEST_F(CrowdTest, QuickConnectionsAllGoThrough) {
  constexpr std::size_t kTimes = 2'000;
  const Container other(lab, {.bridge = "br-two", .net = 30});
  TcpServer server{container.netns(), {80}};
  lab.nft(
      "table ip docker {\n chain pre {\n  type nat hook prerouting priority -100\n"
      "  iifname \"uplink0\" tcp dport 8080 dnat to 172.20.0.2:80\n }\n}\n");
  const Daemon daemon = start();
  expect_all_to_go_on("before");
  EXPECT_EQ(connect_often(lab.net(), {kHost4, 8080}, kTimes), kTimes) << "a published port";
  EXPECT_EQ(connect_often(other.netns(), {container.address(AF_INET), 80}, kTimes), kTimes);
  EXPECT_EQ(connect_often(other.netns(), {container.address(AF_INET6), 80}, kTimes), kTimes);
  EXPECT_EQ(connect_often(other.netns(), {kHost4, kHostPort}, kTimes), kTimes);
  EXPECT_EQ(connect_often(lab.host(), {"127.0.0.1", kHostPort}, kTimes), kTimes);
  EXPECT_EQ(connect_often(lab.host(), {kApi4, 443}, kTimes), kTimes) << "what is allowed";
  EXPECT_EQ(daemon.ask<control::StatusReply>(control::StatusRequest{}).crowded_packets, 0U);
}

}  // namespace
}  // namespace egress::test
