// What the installed table does to packets.
#include "contract/packet.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "egress/core/limits.hpp"
#include "egress/nft/surplus.hpp"
#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/probe.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using nft::SetId;

TEST_F(Packet, WithoutATableEverythingPasses) {
  for (const char* address : {kNames[0], kNames[1], kOthers[0], kOthers[1]}) {
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(host_.name(), address, 80), Seen::answered) << address;
    EXPECT_EQ(udp_probe(host_.name(), address, 443), Seen::answered) << address;
    EXPECT_EQ(ping_probe(host_.name(), address), Seen::answered) << address;
  }
}

TEST_F(Packet, OnlyTheAllowedEndpointsAnswer) {
  install({}, allowed());
  for (const char* address : kNames) {
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::answered) << address;
    EXPECT_EQ(udp_probe(host_.name(), address, 123), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(host_.name(), address, 80), Seen::refused) << "wrong port " << address;
    EXPECT_EQ(udp_probe(host_.name(), address, 443), Seen::refused) << "QUIC " << address;
    EXPECT_EQ(tcp_probe(host_.name(), address, 123), Seen::refused) << "not UDP " << address;
    EXPECT_EQ(ping_probe(host_.name(), address), Seen::refused) << "ping " << address;
  }
  for (const char* address : kOthers) {
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::refused) << address;
    EXPECT_EQ(udp_probe(host_.name(), address, 123), Seen::refused) << address;
  }
}

TEST_F(Packet, ARefusalComesAtOnce) {
  install({}, allowed());
  for (const char* address : kOthers) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::refused);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);
  }
}

TEST_F(Packet, LoopbackStaysOpen) {
  install({}, {});
  const TcpServer local(host_.name(), {8080});
  EXPECT_EQ(tcp_probe(host_.name(), "127.0.0.1", 8080), Seen::answered);
  EXPECT_EQ(tcp_probe(host_.name(), "::1", 8080), Seen::answered);
}

const char* const kDhcp6Servers = "ff02::1:2";  // RFC 8415 section 7.1

// Whether the host may send one datagram from a port to an address and port; errno otherwise.
int send_from(const std::string& netns, Port source, const char* to, Port port, uid_t user = 0) {
  return in_namespace(netns, [&] {
    if (user != 0) become_in_thread(user);
    const bool is_ipv6 = std::string_view(to).find(':') != std::string_view::npos;
    const SocketAddress any(is_ipv6 ? "::" : "0.0.0.0", source);
    const SocketAddress target(to, port);
    const int socket_fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(socket_fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    setsockopt(socket_fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4);
    const bool is_sent = bind(socket_fd, any.get(), any.length) == 0 &&
                         sendto(socket_fd, "x", 1, 0, target.get(), target.length) == 1;
    const int error = is_sent ? 0 : errno;
    close(socket_fd);
    return error;
  });
}

TEST_F(Packet, DhcpIsOpenOnlyWhereAllowedAndOnlyForDhcp) {
  nft::Base base;
  install(base, {});
  EXPECT_EQ(send_from(host_.name(), 68, "255.255.255.255", 67), 0);
  EXPECT_EQ(send_from(host_.name(), 68, "255.255.255.255", 53), EPERM);
  EXPECT_EQ(send_from(host_.name(), 1068, "255.255.255.255", 67), EPERM);
  EXPECT_EQ(send_from(host_.name(), 68, "192.0.2.1", 67), EPERM);
  EXPECT_EQ(send_from(host_.name(), 546, kDhcp6Servers, 547), 0);
  EXPECT_EQ(send_from(host_.name(), 546, kDhcp6Servers, 53), EPERM);
  EXPECT_EQ(send_from(host_.name(), 1546, kDhcp6Servers, 547), EPERM);
  EXPECT_EQ(send_from(host_.name(), 546, "ff02::1:3", 547), EPERM);
  base.allows_dhcp = false;
  install(base, {});
  EXPECT_EQ(send_from(host_.name(), 68, "255.255.255.255", 67), EPERM);
  EXPECT_EQ(send_from(host_.name(), 546, kDhcp6Servers, 547), EPERM);
}

TEST_F(Packet, DhcpIsForTheSystemsUsers) {
  install({}, {});
  host_.run("sysctl -qw net.ipv4.ip_unprivileged_port_start=0");
  const auto as = [&](uid_t user) {
    return send_from(host_.name(), 68, "255.255.255.255", 67, user);
  };
  const auto as_over_ipv6 = [&](uid_t user) {
    return send_from(host_.name(), 546, kDhcp6Servers, 547, user);
  };
  EXPECT_EQ(as(limits::kFirstUser - 1), 0);
  EXPECT_EQ(as(limits::kFirstUser), EPERM);
  EXPECT_EQ(as_over_ipv6(limits::kFirstUser - 1), 0);
  EXPECT_EQ(as_over_ipv6(limits::kFirstUser), EPERM);
}

TEST_F(Packet, DhcpIsSeldom) {
  install({}, {});
  const auto start = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  for (int i = 0; i < 200; ++i)
    if (send_from(host_.name(), 68, "255.255.255.255", 67) == 0) ++sent;
  const auto passed =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  EXPECT_GE(sent, limits::kLinkBurst);
  EXPECT_LE(sent, limits::kLinkBurst + 1 + limits::kLinkRate * passed.count());
}

// One datagram to each of so many addresses from 203.0.0.0 on; how many were let out.
int scan(const NetworkNamespace& host, std::size_t first, std::size_t count) {
  return in_namespace(host.name(), [&] {
    const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int sent = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      const std::string to = "203." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) +
                             "." + std::to_string(i & 255);
      const SocketAddress target(to, 443);
      sent += sendto(socket_fd, "x", 1, 0, target.get(), target.length) == 1 ? 1 : 0;
    }
    close(socket_fd);
    return sent;
  });
}

TEST_F(Packet, AFullMemoryOfRefusalsRefusesAllTheSame) {
  install({}, {});
  EXPECT_EQ(scan(host_, 0, limits::kRefusalsRemembered), 0);
  EXPECT_EQ(kernel_->read({})->refusals.size(), limits::kRefusalsRemembered);
  EXPECT_EQ(scan(host_, limits::kRefusalsRemembered, 50), 0) << "one past the limit and more";
  EXPECT_EQ(kernel_->read({})->refusals.size(), limits::kRefusalsRemembered);
}

TEST_F(Packet, WhatIsForgottenMakesRoomForTheNextRefusal) {
  install({}, {});
  EXPECT_EQ(scan(host_, 0, limits::kRefusalsRemembered), 0);
  const auto full = *kernel_->remembered();
  ASSERT_EQ(full.size(), limits::kRefusalsRemembered);
  EXPECT_EQ(*kernel_->refused_packets(), limits::kRefusalsRemembered);
  for (const nft::Count& one : full) {
    EXPECT_EQ(one.packets, 1U);
    EXPECT_GT(one.left, limits::kRefusalMemory - 1min);
    EXPECT_LE(one.left, limits::kRefusalMemory);
  }
  nft::Transaction forget;
  for (const Endpoint& one : nft::surplus(full, limits::kRefusalsKept))
    forget.changes.push_back(
        {nft::Change::Verb::remove, nft::ElementKey::endpoint(SetId::refused, one)});
  ASSERT_EQ(kernel_->commit(forget).status, nft::CommitOutcome::Status::committed);
  EXPECT_EQ(kernel_->remembered()->size(), limits::kRefusalsKept);
  EXPECT_EQ(scan(host_, limits::kRefusalsRemembered, 50), 0);
  EXPECT_EQ(kernel_->remembered()->size(), limits::kRefusalsKept + 50);
}

std::vector<nft::Change> announced(SetId set, std::size_t first, std::size_t count) {
  std::vector<nft::Change> changes;
  for (std::size_t i = first; i < first + count; ++i) {
    const auto octet = [&](int shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
    const IpAddress to = IpAddress::v4({203, octet(16), octet(8), octet(0)});
    changes.push_back({nft::Change::Verb::renew,
                       nft::ElementKey::endpoint(set, {to, Transport::udp, 443}), 1min});
  }
  return changes;
}

TEST_F(Packet, WhatRootAnnouncesCountsThereAloneAndOthersHideNothing) {
  install({}, {});
  ASSERT_EQ(kernel_->commit({{}, announced(SetId::verified, 0, 10)}).error, 0);
  ASSERT_EQ(kernel_->commit({{}, announced(SetId::probed, 10, 10)}).error, 0);
  EXPECT_EQ(scan(host_, 0, 30), 0) << "all are refused";
  const auto seen = *kernel_->read({});
  const auto packets = [](const std::vector<nft::Count>& counts) {
    std::uint64_t all = 0;
    for (const nft::Count& count : counts) all += count.packets;
    return all;
  };
  EXPECT_EQ(packets(seen.verified), 10U);
  EXPECT_EQ(packets(seen.probed), 10U);
  EXPECT_EQ(packets(seen.refusals), 20U);
  EXPECT_EQ(seen.refused_packets, 30U);
}

TEST_F(Packet, WhatIsTriedIsLetThroughAndIsNoHit) {
  const nft::ElementKey all{SetId::nets,
                            *IpAddress::parse("203.0.0.0"),
                            *IpAddress::parse("203.255.255.255"),
                            Transport::udp,
                            {443, 443}};
  install({}, {{nft::Change::Verb::add, all, 0ms}});
  ASSERT_EQ(kernel_->commit({{}, announced(SetId::tried, 0, 10)}).error, 0);
  EXPECT_EQ(scan(host_, 0, 30), 30);
  EXPECT_EQ(kernel_->read({})->hits.size(), 20U);
}

TEST_F(Packet, AnnouncementsEndWhereTheirSetDoes) {
  install({}, {});
  for (const SetId set : {SetId::probed, SetId::verified, SetId::tried}) {
    ASSERT_EQ(kernel_->commit({{}, announced(set, 0, limits::kProbedRemembered)}).error, 0);
    EXPECT_NE(kernel_->commit({{}, announced(set, limits::kProbedRemembered, 1)}).error, 0);
    EXPECT_EQ(kernel_->commit({{}, announced(set, 0, 1)}).error, 0) << "again";
  }
}

TEST_F(Packet, AFullMemoryOfHitsLetsPassAllTheSame) {
  const nft::ElementKey all{SetId::nets,
                            *IpAddress::parse("203.0.0.0"),
                            *IpAddress::parse("203.255.255.255"),
                            Transport::udp,
                            {443, 443}};
  install({}, {{nft::Change::Verb::add, all, 0ms}});
  // So many flows may be more than the host can track.
  host_.run(
      "nft add table ip raw; nft 'add chain ip raw out { type filter hook output priority raw; };'"
      " 'add rule ip raw out udp dport 443 notrack'");
  // While its table grows the kernel may leave a new destination out, which is then counted the
  // next time.
  const auto remembered = [this] { return kernel_->read({})->hits.size(); };
  for (int pass = 0; pass < 10 && remembered() < limits::kHitsRemembered; ++pass)
    EXPECT_EQ(scan(host_, 0, limits::kHitsRemembered), static_cast<int>(limits::kHitsRemembered));
  EXPECT_EQ(remembered(), limits::kHitsRemembered);
  EXPECT_EQ(scan(host_, limits::kHitsRemembered, 50), 50) << "one past the limit and more";
  EXPECT_EQ(remembered(), limits::kHitsRemembered);
}

TEST_F(Packet, AuditLetsPassAndCounts) {
  nft::Base audit;
  audit.is_audit = true;
  install(audit, allowed());
  for (const char* address : kOthers) {
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::answered) << address;
  }
  EXPECT_EQ(ping_probe(host_.name(), kOthers[0]), Seen::answered);
  EXPECT_GE(kernel_->read(audit)->refused_packets, 3U);
}

// The table as `open --for` leaves it, with nobody there to close it.
TEST_F(Packet, AuditEndsByTheKernelsOwnClock) {
  nft::Base base;
  base.is_audit = true;
  base.audit_ends = std::chrono::ceil<seconds>(std::chrono::system_clock::now()) + 3s;
  install(base, allowed());
  for (const char* address : kOthers)
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::answered) << "positive control";
  std::this_thread::sleep_until(*base.audit_ends);
  for (const char* address : kOthers)
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::refused) << address;
  for (const char* address : kNames)
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::answered) << address;
  EXPECT_THAT(kernel_->read(base)->deviations, testing::IsEmpty());
}

TEST_F(Packet, ReplacingTheTableKeepsWhatIsOpenOpen) {
  install({}, allowed());
  Connection connection(host_.name(), kNames[0], 443);
  ASSERT_GT(connection.receive_for(300ms), 0U) << "positive control";
  for (int i = 0; i < 5; ++i) install({}, allowed());
  EXPECT_GT(connection.receive_for(300ms), 0U);
  EXPECT_FALSE(connection.is_dead());
}

// An established connection outlives its element; cutting its flow ends it, although the peer goes
// on sending.
TEST_F(Packet, ARevokedConnectionDiesWhenItsFlowIsCut) {
  for (const char* address : kNames) {
    install({}, allowed());
    Connection connection(host_.name(), address, 443);
    Connection bystander(host_.name(), address == kNames[0] ? kNames[1] : kNames[0], 443);
    const nft::Change change = open(address, Transport::tcp, 443);
    kernel_->commit({.replace = {}, .changes = {{nft::Change::Verb::remove, change.key, 0ms}}});
    ASSERT_GT(connection.receive_for(400ms), 0U) << "positive control: still flowing";
    const auto cut = kernel_->cut_flows([&](const nft::Flow& flow) {
      return flow.destination.address == change.key.first && flow.destination.port == 443;
    });
    EXPECT_GE(cut.value(), 1U);
    connection.receive_for(3s);
    EXPECT_TRUE(connection.is_dead()) << address;
    EXPECT_GT(bystander.receive_for(400ms), 0U) << "another connection goes on";
  }
}

// As with NTP, which always uses one port: a flow that was cut is not barred for ever.
TEST_F(Packet, ACutFlowPassesAgainOnceItsEndpointIsAllowedAgain) {
  install({}, allowed());
  Connection connection(host_.name(), kNames[0], 443);
  const nft::Change change = open(kNames[0], Transport::tcp, 443);
  EXPECT_EQ(kernel_->cut_flows([](const nft::Flow&) { return true; }), 1U);
  EXPECT_EQ(kernel_->cut_flows([](const nft::Flow&) { return true; }), 0U) << "cut already";
  EXPECT_GT(connection.receive_for(500ms), 0U) << "its element still admits it";
  kernel_->commit({.replace = {}, .changes = {{nft::Change::Verb::remove, change.key, 0ms}}});
  connection.receive_for(3s);
  EXPECT_TRUE(connection.is_dead());
}

// A time client asks from one port: its packets are one flow, as long as it asks often enough.
TEST_F(Packet, EachPacketToATimeServerCountsAsUse) {
  const Endpoint server{*IpAddress::parse(kNames[0]), Transport::udp, 123};
  for (const bool judges_time : {false, true}) {
    nft::Base base;
    base.judges_time = judges_time;
    install(base, allowed());
    const auto last = [&] { return kernel_->last_hit(server).value_or(1h); };
    ASSERT_EQ(send_from(host_.name(), 4123, kNames[0], 123), 0);
    std::this_thread::sleep_for(1200ms);
    EXPECT_GE(last(), 1s);
    ASSERT_EQ(send_from(host_.name(), 4123, kNames[0], 123), 0);
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(last() < 1s, judges_time);
    kernel_->commit({.replace = {},
                     .changes = {{nft::Change::Verb::remove,
                                  nft::ElementKey::endpoint(nft::SetId::allow, server), 0ms}}});
    EXPECT_EQ(send_from(host_.name(), 4123, kNames[0], 123), judges_time ? EPERM : 0);
    host_.run("nft delete table inet egressd");
    EXPECT_FALSE(kernel_->last_hit(server));
  }
}

// `ntpq -p` asks the service of its own host.
TEST_F(Packet, ATimeServiceOfThisHostIsAskedByTheHost) {
  nft::Base base;
  base.judges_time = true;
  install(base, {});
  const UdpServer server(host_.name(), 123, echo());
  for (const char* own : {"127.0.0.1", "::1", "198.18.0.1"})
    EXPECT_EQ(udp_probe(host_.name(), own, 123), Seen::answered) << own;
}

// What a time server of this host answers is no question of its own, whichever ports both use.
TEST_F(Packet, ATimeServerOfThisHostAnswersThoseWhoAsk) {
  nft::Base base;
  base.judges_time = true;
  install(base, {});
  const UdpServer server(host_.name(), 123, echo());
  EXPECT_EQ(udp_probe(host_.name(), kOthers[0], 123), Seen::refused) << "and asks nobody itself";
  EXPECT_EQ(udp_probe(wire_.name(), "198.18.0.1", 123), Seen::answered);
}

// The flow's destination is where its packets really go, whatever the program asked for.
TEST_F(Packet, FlowsShowTheDestinationBehindNat) {
  host_.run(
      "nft add table ip nat;"
      "nft 'add chain ip nat output { type nat hook output priority -100; }';"
      "nft add rule ip nat output ip daddr 203.0.113.9 dnat to 192.0.2.1");
  install({}, allowed());
  Connection connection(host_.name(), "203.0.113.9", 443);
  const auto cut = kernel_->cut_flows([](const nft::Flow& flow) {
    return flow.destination == Endpoint{*IpAddress::parse("192.0.2.1"), Transport::tcp, 443};
  });
  EXPECT_EQ(cut, 1U);
}

nft::Base panic() {
  nft::Base base;
  base.is_panic = true;
  return base;
}

TEST_F(Packet, PanicRefusesWhatIsNewAtOnceButForLoopback) {
  install({}, allowed());
  const TcpServer local(host_.name(), {8080});
  ASSERT_EQ(tcp_probe(host_.name(), kNames[0], 443), Seen::answered) << "positive control";
  install(panic(), allowed());
  for (const char* address : kNames) {
    EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::refused) << address;
    EXPECT_EQ(udp_probe(host_.name(), address, 123), Seen::refused) << address;
    EXPECT_EQ(ping_probe(host_.name(), address), Seen::refused) << address;
  }
  EXPECT_EQ(send_from(host_.name(), 68, "255.255.255.255", 67), EPERM) << "DHCP";
  for (const char* address : {"127.0.0.1", "::1"})
    EXPECT_EQ(tcp_probe(host_.name(), address, 8080), Seen::answered) << address;
}

// Nothing is told to either end, so that what the policy allows goes on afterwards.
TEST_F(Packet, PanicHoldsUpAnOpenConnectionAndItGoesOnAfterwards) {
  install({}, allowed());
  for (const char* address : kNames) {
    Connection connection(host_.name(), address, 443);
    ASSERT_GT(connection.receive_for(300ms), 0U) << "positive control";
    install(panic(), allowed());
    connection.receive_for(300ms);  // what had arrived already
    EXPECT_EQ(connection.receive_for(700ms), 0U) << address;
    install({}, allowed());
    std::size_t received = 0;
    for (int wait = 0; wait < 50 && received == 0; ++wait) received = connection.receive_for(200ms);
    EXPECT_GT(received, 0U) << address;
    EXPECT_FALSE(connection.is_dead());
  }
}

// What comes in is stopped as well, so only a sender shows that what is established does not leave.
TEST_F(Packet, PanicStopsTheSenderOfAnEstablishedFlow) {
  install({}, allowed());
  const auto send = [&] { return send_from(host_.name(), 5123, kNames[0], 123); };
  ASSERT_EQ(send(), 0) << "positive control";
  ASSERT_EQ(udp_probe(host_.name(), kNames[0], 123), Seen::answered) << "the echo answers";
  install({}, {});
  EXPECT_EQ(send(), 0) << "positive control: it goes on though its element is gone";
  install(panic(), {});
  EXPECT_EQ(send(), EPERM);
}

TEST_F(Packet, PanicLetsNothingIn) {
  const TcpServer local(host_.name(), {8080});
  install({}, {});
  ASSERT_EQ(tcp_probe(wire_.name(), "198.18.0.1", 8080), Seen::answered) << "positive control";
  install(panic(), {});
  EXPECT_EQ(tcp_probe(wire_.name(), "198.18.0.1", 8080), Seen::silence);
  EXPECT_EQ(tcp_probe(wire_.name(), "2001:db8:f::1", 8080), Seen::silence);
}

class Forward : public HeldContainer {};

TEST_P(Forward, IsHeldToTheSameList) {
  install({}, allowed());
  for (const char* address : kOthers) {
    ASSERT_EQ(tcp_probe(container_.name(), address, 443), Seen::answered)
        << "positive control: not held, " << address;
  }
  install(held(), allowed());
  for (const char* address : kNames) {
    EXPECT_EQ(tcp_probe(container_.name(), address, 443), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(container_.name(), address, 80), Seen::refused) << address;
    EXPECT_EQ(udp_probe(container_.name(), address, 443), Seen::refused) << address;
    EXPECT_EQ(ping_probe(container_.name(), address), Seen::refused) << address;
  }
  for (const char* address : kOthers) {
    EXPECT_EQ(tcp_probe(container_.name(), address, 443), Seen::refused) << address;
  }
}

TEST_P(Forward, ARevokedConnectionDiesWhenItsFlowIsCut) {
  install(held(), allowed());
  for (const char* address : kNames) {
    Connection connection(container_.name(), address, 443);
    ASSERT_GT(connection.receive_for(300ms), 0U) << "positive control";
    const nft::Change change = open(address, Transport::tcp, 443);
    kernel_->commit({.replace = {}, .changes = {{nft::Change::Verb::remove, change.key, 0ms}}});
    EXPECT_EQ(kernel_->cut_flows([](const nft::Flow&) { return true; }), 1U);
    connection.receive_for(3s);
    EXPECT_TRUE(connection.is_dead()) << address;
  }
}

TEST_P(Forward, PanicHoldsContainersTooThoughNoInterfaceIsHeld) {
  install({}, allowed());
  Connection connection(container_.name(), kNames[0], 443);
  ASSERT_GT(connection.receive_for(300ms), 0U) << "positive control";
  install(panic(), allowed());
  connection.receive_for(300ms);
  EXPECT_EQ(connection.receive_for(700ms), 0U);
  for (const char* address : kNames)
    EXPECT_EQ(tcp_probe(container_.name(), address, 443), Seen::silence) << address;
}

TEST_P(Forward, WhereAllIsHeldWhatThePolicyExceptsPasses) {
  nft::Base base;
  base.uplinks = {"eth0"};
  base.released.emplace();
  install(base, allowed());
  EXPECT_EQ(tcp_probe(container_.name(), kOthers[0], 443), Seen::refused);
  base.released = {"br-*"};
  install(base, allowed());
  EXPECT_EQ(tcp_probe(container_.name(), kOthers[0], 443), Seen::answered);
  EXPECT_EQ(tcp_probe(container_.name(), kOthers[1], 443), Seen::answered);
}

// What comes in by the way out is answered, and begins what it likes.
TEST_P(Forward, AServerInAContainerIsReachedFromOutside) {
  const TcpServer server(container_.name(), {8080});
  install(held(), {});
  for (const char* address : {"10.9.0.2", "2001:db8:9::2"})
    EXPECT_EQ(tcp_probe(wire_.name(), address, 8080), Seen::answered) << address;
}

INSTANTIATE_TEST_SUITE_P(Containers, Forward, testing::ValuesIn(kWaysToTheHost), name_of_way);

}  // namespace
}  // namespace egress::test
