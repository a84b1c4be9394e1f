// What the installed table does to packets of protocols without ports.
#include <netinet/in.h>

#include <cerrno>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "contract/packet.hpp"
#include "support/probe.hpp"
#include "support/raw_socket.hpp"
#include "support/tap.hpp"

namespace egress::test {
namespace {

using nft::SetId;

constexpr Transport kTunnels[] = {Transport::esp, Transport::gre, Transport::ipip};
// Neither of them is an echo request. Redirects and advertisements tell others the way.
constexpr std::uint8_t kOtherTypes4[] = {5, 9, 10, 13, 15, 17, 42};
constexpr std::uint8_t kOtherTypes6[] = {133, 134, 135, 136, 137, 139, 144, 160};

// Octets where ports would be that no port range should matter to.
ProtocolPacket tunnel_packet(Transport tunnel, const std::string& to) {
  const int protocol = static_cast<int>(tunnel);
  if (tunnel == Transport::gre) return {protocol, to, {0x20, 0, 0x08, 0, 'e', 'g', 'r', 'd'}};
  return {protocol, to, std::vector<std::uint8_t>(28, 0xee)};
}

nft::Change open_peer(const std::string& address, Transport transport) {
  const auto parsed = *IpAddress::parse(address);
  return {nft::Change::Verb::add,
          nft::ElementKey::of_name({parsed, over(transport, parsed.family()), 0}), 10min};
}

nft::Change open_net(const std::string& prefix, Transport transport) {
  const auto net = *Prefix::parse(prefix);
  return {nft::Change::Verb::add,
          {SetId::nets, net.first(), net.last(), over(transport, net.family()), {}},
          0ms};
}

std::vector<nft::Change> peers(Transport transport) {
  return {open_peer(kNames[0], transport), open_peer(kNames[1], transport)};
}

class Portless : public Packet {
 protected:
  int send(Transport tunnel, const std::string& to) {
    return send_protocol(host_.name(), tunnel_packet(tunnel, to));
  }
  // What the far side has seen of the protocol.
  std::size_t seen(Transport transport, const std::string& at) {
    std::size_t count = 0;
    const auto number = static_cast<std::uint8_t>(over(transport, family_of(at)));
    for (const SeenPacket& packet : far_side_.seen())
      if (packet.protocol == number && packet.destination == at) ++count;
    return count;
  }
  static Family family_of(const std::string& address) {
    return IpAddress::parse(address)->family();
  }

  Tap far_side_{wire_.name(), "wire"};
};

TEST_F(Portless, WithoutATableAllOfItPasses) {
  for (const char* address : {kNames[0], kNames[1], kOthers[0], kOthers[1]}) {
    for (const Transport tunnel : kTunnels) {
      EXPECT_EQ(send(tunnel, address), 0) << text(tunnel) << address;
      EXPECT_EQ(seen(tunnel, address), 1U) << text(tunnel) << address;
    }
    const bool is_v4 = family_of(address) == Family::ipv4;
    for (const std::uint8_t type :
         is_v4 ? std::span<const std::uint8_t>(kOtherTypes4) : kOtherTypes6)
      EXPECT_EQ(send_protocol(host_.name(), icmp_packet(address, type)), 0) << int{type};
  }
}

TEST_F(Portless, APeerIsOpenForItsProtocolAlone) {
  for (const Transport opened : kTunnels) {
    install({}, peers(opened));
    for (const char* address : kNames) {
      for (const Transport tunnel : kTunnels) {
        const std::size_t before = seen(tunnel, address);
        EXPECT_EQ(send(tunnel, address), tunnel == opened ? 0 : EPERM)
            << text(tunnel) << " where " << text(opened) << " is open: " << address;
        EXPECT_EQ(seen(tunnel, address), before + (tunnel == opened ? 1 : 0)) << address;
      }
      EXPECT_EQ(ping_probe(host_.name(), address), Seen::refused) << address;
      EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::refused) << address;
      EXPECT_EQ(udp_probe(host_.name(), address, 443), Seen::refused) << address;
    }
    for (const char* address : kOthers) {
      EXPECT_EQ(send(opened, address), EPERM) << address;
      EXPECT_EQ(seen(opened, address), 0U) << address;
    }
  }
}

// Whatever stands in a port's place: a length, a checksum, a number of a flow.
TEST_F(Portless, ANetIsOpenForItsProtocolAlone) {
  for (const Transport opened : kTunnels) {
    install({}, {open_net("192.0.2.0/31", opened), open_net("2001:db8:a::/127", opened)});
    for (const char* address : kNames) {
      for (const Transport tunnel : kTunnels)
        EXPECT_EQ(send(tunnel, address), tunnel == opened ? 0 : EPERM) << text(tunnel) << address;
      EXPECT_EQ(ping_probe(host_.name(), address), Seen::refused) << address;
      EXPECT_EQ(tcp_probe(host_.name(), address, 443), Seen::refused) << address;
    }
    for (const char* address : kOthers) EXPECT_EQ(send(opened, address), EPERM) << address;
  }
}

TEST_F(Portless, OfIcmpEchoRequestsAlone) {
  const auto nets = [] {
    return std::vector{open_net("192.0.2.0/31", Transport::icmp),
                       open_net("2001:db8:a::/127", Transport::icmp)};
  };
  for (const bool is_by_name : {true, false}) {
    install({}, is_by_name ? peers(Transport::icmp) : nets());
    for (const char* address : kNames) {
      EXPECT_EQ(ping_probe(host_.name(), address), Seen::answered) << address;
      const std::size_t before = seen(Transport::icmp, address);
      const bool is_v4 = family_of(address) == Family::ipv4;
      for (const std::uint8_t type :
           is_v4 ? std::span<const std::uint8_t>(kOtherTypes4) : kOtherTypes6)
        EXPECT_EQ(send_protocol(host_.name(), icmp_packet(address, type)), EPERM)
            << int{type} << ' ' << address;
      EXPECT_EQ(seen(Transport::icmp, address), before) << address;
      for (const Transport tunnel : kTunnels) EXPECT_EQ(send(tunnel, address), EPERM) << address;
      EXPECT_EQ(udp_probe(host_.name(), address, 123), Seen::refused) << address;
    }
    for (const char* address : kOthers)
      EXPECT_EQ(ping_probe(host_.name(), address), Seen::refused) << address;
  }
}

// ICMP of IPv6 in packets of IPv4, and the other way round.
TEST_F(Portless, IcmpIsThatOfTheFamily) {
  install({}, peers(Transport::icmp));
  EXPECT_EQ(send_protocol(host_.name(), {IPPROTO_ICMPV6, kNames[0], {128, 0, 0, 0, 0, 0, 0, 1}}),
            EPERM);
  EXPECT_EQ(send_protocol(host_.name(), {IPPROTO_ICMP, kNames[1], {8, 0, 0xf7, 0xfe, 0, 0, 0, 1}}),
            EPERM);
}

// Either end may have sent first.
TEST_F(Portless, ATunnelThatIsRevokedAndCutSendsNothingMore) {
  const auto esp_to = [&](const char* address) { return send(Transport::esp, address); };
  for (const bool is_begun_there : {false, true}) {
    install({}, peers(Transport::esp));
    for (const auto& [there, here] :
         {std::pair{kNames[0], "198.18.0.1"}, std::pair{kNames[1], "2001:db8:f::1"}}) {
      if (is_begun_there) {
        ProtocolPacket first = tunnel_packet(Transport::esp, here);
        first.from = there;
        ASSERT_EQ(send_protocol(wire_.name(), first), 0);
      }
      ASSERT_EQ(esp_to(there), 0) << there;
      ASSERT_EQ(esp_to(there), 0) << there;
    }
    std::vector<nft::Change> gone = peers(Transport::esp);
    for (nft::Change& change : gone) change.verb = nft::Change::Verb::remove;
    ASSERT_EQ(kernel_->commit({{}, gone}).error, 0);
    const auto cut = kernel_->cut_flows(
        [](const nft::Flow& flow) { return flow.destination.transport == Transport::esp; });
    ASSERT_TRUE(cut);
    EXPECT_EQ(*cut, 2U);
    for (const char* there : kNames) EXPECT_EQ(esp_to(there), EPERM) << there;
    ASSERT_TRUE(kernel_->forget_flows([](const nft::Flow&) { return true; }));
  }
}

TEST_F(Portless, WhereNobodyIsAnsweredATunnelIsTheListsBusiness) {
  nft::Base base;
  base.inbound.emplace();
  for (const bool is_allowed : {true, false}) {
    install(base, is_allowed ? peers(Transport::gre) : std::vector<nft::Change>());
    ASSERT_TRUE(kernel_->forget_flows([](const nft::Flow&) { return true; }));
    ProtocolPacket first = tunnel_packet(Transport::gre, "198.18.0.1");
    first.from = kNames[0];
    ASSERT_EQ(send_protocol(wire_.name(), first), 0);
    EXPECT_EQ(send(Transport::gre, kNames[0]), is_allowed ? 0 : EPERM);
  }
}

// What an entry may open is told from what none does.
TEST_F(Portless, ATrackedFlowOfIcmpSaysWhetherItIsEcho) {
  nft::Base base;
  base.is_audit = true;
  install(base, {});
  for (const char* address : kNames) ASSERT_EQ(ping_probe(host_.name(), address), Seen::answered);
  ASSERT_EQ(send_protocol(host_.name(), icmp_packet(kNames[0], 13)), 0);
  ASSERT_EQ(send_protocol(host_.name(), icmp_packet(kNames[1], 139)), 0);
  std::set<Endpoint> found;
  ASSERT_TRUE(kernel_->forget_flows([&](const nft::Flow& flow) {
    if (flow.destination.transport == Transport::icmp ||
        flow.destination.transport == Transport::icmp6)
      found.insert(flow.destination);
    return false;
  }));
  const auto v4 = *IpAddress::parse(kNames[0]), v6 = *IpAddress::parse(kNames[1]);
  EXPECT_EQ(found, (std::set<Endpoint>{{v4, Transport::icmp, 0},
                                       {v4, Transport::icmp, 13},
                                       {v6, Transport::icmp6, 0},
                                       {v6, Transport::icmp6, 139}}));
}

class PortlessContainer : public HeldContainer {
 protected:
  // It meets silence, or an error: what counts is what leaves.
  bool leaves(const ProtocolPacket& packet) {
    const std::size_t before = far_side_.count(packet.to);
    EXPECT_EQ(send_protocol(container_.name(), packet), 0);
    for (int tries = 0; tries < 20 && far_side_.count(packet.to) == before; ++tries)
      std::this_thread::sleep_for(10ms);
    return far_side_.count(packet.to) > before;
  }

  Tap far_side_{wire_.name(), "wire"};
};

TEST_P(PortlessContainer, IsHeldToTheSameList) {
  ASSERT_TRUE(leaves(tunnel_packet(Transport::esp, kOthers[0])));
  ASSERT_EQ(ping_probe(container_.name(), kOthers[1]), Seen::answered);
  std::vector<nft::Change> open = peers(Transport::esp);
  for (nft::Change& change : peers(Transport::icmp)) open.push_back(std::move(change));
  install(held(), open);
  ASSERT_TRUE(kernel_->forget_flows([](const nft::Flow&) { return true; }));
  for (const char* address : kNames) {
    EXPECT_TRUE(leaves(tunnel_packet(Transport::esp, address))) << address;
    EXPECT_FALSE(leaves(tunnel_packet(Transport::gre, address))) << address;
    EXPECT_EQ(ping_probe(container_.name(), address), Seen::answered) << address;
    EXPECT_FALSE(leaves(icmp_packet(address, address == kNames[0] ? 13 : 139))) << address;
  }
  for (const char* address : kOthers) {
    EXPECT_FALSE(leaves(tunnel_packet(Transport::esp, address))) << address;
    EXPECT_NE(ping_probe(container_.name(), address), Seen::answered) << address;
  }
}

INSTANTIATE_TEST_SUITE_P(Way, PortlessContainer, testing::ValuesIn(kWaysToTheHost), name_of_way);

}  // namespace
}  // namespace egress::test
