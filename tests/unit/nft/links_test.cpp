#include "egress/nft/links.hpp"

#include <gmock/gmock.h>

#include "egress/core/limits.hpp"

namespace egress::nft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Link kLo{.name = "lo", .index = 1, .is_loopback = true};
const Link kEthernet{.name = "eth0", .index = 2, .has_default_route = true};
const Link kDocker{.name = "docker0", .index = 3, .kind = "bridge"};
const Link kContainer{.name = "veth1", .index = 4, .kind = "veth", .bridge = 3};
const Link kLan{.name = "br-lan", .index = 5, .kind = "bridge"};
const Link kWire{.name = "eth1", .index = 6, .bridge = 5};
const Link kGuest{.name = "tap1", .index = 7, .kind = "tun", .bridge = 5};
const std::vector<Link> kHost{kLo, kEthernet, kDocker, kContainer, kLan, kWire, kGuest};

TEST(Links, ABridgeOfContainersIsInside) {
  EXPECT_TRUE(is_inside(kDocker, kHost));
  EXPECT_FALSE(is_uplink(kDocker, kHost));
}

TEST(Links, ABridgeWithAPortThatLeavesTheHostIsAnUplink) {
  EXPECT_FALSE(is_inside(kLan, kHost));
  EXPECT_TRUE(is_uplink(kLan, kHost));
  for (const char* kind : {"", "vlan", "bond", "vxlan", "gretap", "macvlan"}) {
    const std::vector<Link> host{kDocker, {.name = "x", .index = 8, .kind = kind, .bridge = 3}};
    EXPECT_FALSE(is_inside(kDocker, host)) << kind;
    EXPECT_TRUE(is_uplink(kDocker, host)) << kind;
  }
}

TEST(Links, WhatHasTheDefaultRouteIsAnUplinkWhateverItIs) {
  for (const char* kind : {"", "bridge", "veth", "tun", "wireguard"}) {
    const Link link{.name = "x", .index = 8, .kind = kind, .has_default_route = true};
    EXPECT_FALSE(is_inside(link, {{link}})) << kind;
    EXPECT_TRUE(is_uplink(link, {{link}})) << kind;
  }
}

TEST(Links, BehindAContainerThatIsAGatewayThereIsNoInsideButSourcesAreJudged) {
  Link bridge = kDocker;
  bridge.leads_on = true;
  EXPECT_FALSE(is_inside(bridge, {{bridge, kContainer}}));
  EXPECT_FALSE(is_uplink(bridge, {{bridge, kContainer}}));
}

TEST(Links, AWireIsNotInsideThoughNoRouteLeadsOnByIt) {
  for (const char* kind : {"", "vlan", "wireguard", "gre"}) {
    const Link link{.name = "x", .index = 8, .kind = kind};
    EXPECT_FALSE(is_inside(link, {{link}})) << kind;
    EXPECT_FALSE(is_uplink(link, {{link}})) << kind;
  }
}

TEST(Links, ADeviceOfAUserIsNeverAnUplinkAndAlwaysHeld) {
  const Link tun{
      .name = "tun0", .index = 8, .kind = "tun", .has_default_route = true, .is_users = true};
  EXPECT_FALSE(is_uplink(tun, {{tun}}));
  const HeldLinks held = held_links({{tun}}, {"docker0"});
  EXPECT_THAT(held.patterns, ElementsAre("docker0", "tun0"));
  EXPECT_THAT(held.inside, IsEmpty());
  EXPECT_THAT(held_links({{tun}}, {"tun*"}).patterns, ElementsAre("tun*"));
}

TEST(Links, ABridgeWithADeviceOfAUserIsHeld) {
  const Link tap{.name = "tap0", .index = 8, .kind = "tun", .bridge = 9, .is_users = true};
  const Link bridge{.name = "virbr0", .index = 9, .kind = "bridge"};
  const HeldLinks held = held_links({{tap, bridge}}, {});
  EXPECT_THAT(held.patterns, ElementsAre("tap0", "virbr0"));
  EXPECT_THAT(held.inside, ElementsAre("virbr0"));
}

TEST(Links, SourcesFromEncapsulationsAreJudgedThoughTheyAreNotHeld) {
  for (const char* kind : {"vxlan", "geneve", "gre", "ipip", "sit", "ip6tnl"}) {
    const Link link{.name = "x", .index = 8, .kind = kind};
    EXPECT_THAT(held_links({{link}}, {}).tunnels, ElementsAre("x")) << kind;
    EXPECT_THAT(held_links({{link}}, {"x"}).tunnels, IsEmpty()) << "held";
  }
  const Link uplink{.name = "x", .index = 8, .kind = "vxlan", .has_default_route = true};
  EXPECT_THAT(held_links({{uplink}}, {}).tunnels, IsEmpty());
}

TEST(Links, NetworksOfOtherTablesAreOfTheirLink) {
  Link bridge = kDocker;
  bridge.routed.assign(limits::kRoutedSources + 1, *Prefix::parse("172.20.0.0/16"));
  EXPECT_EQ(held_links({{bridge}}, {"docker0"}).routed.size(), limits::kRoutedSources);
  bridge.routed.pop_back();
  EXPECT_EQ(held_links({{bridge}}, {"docker0"}).routed.size(), limits::kRoutedSources);
  EXPECT_THAT(held_links({{bridge}}, {}).routed, IsEmpty()) << "not held";
}

TEST(Links, OnlyHeldOnesAreTold) {
  const HeldLinks held = held_links(kHost, {"docker0", "br-*"});
  EXPECT_THAT(held.patterns, ElementsAre("docker0", "br-*"));
  EXPECT_THAT(held.inside, ElementsAre("docker0"));
  EXPECT_THAT(held.uplinks, ElementsAre("br-lan"));
  EXPECT_THAT(held.ports, ElementsAre("veth1"));
  EXPECT_THAT(held_links(kHost, {}).inside, IsEmpty());
}

const std::vector<std::string> kNothing;

TEST(AllIsHeld, ButTheWaysOut) {
  const HeldLinks held = held_links(kHost, {}, kNothing);
  EXPECT_THAT(held.uplinks, ElementsAre("eth0"));
  EXPECT_THAT(held.guests, ElementsAre("docker0"));
  EXPECT_THAT(held.inside, ElementsAre("docker0"));
  EXPECT_THAT(held.outward, ElementsAre("br-lan")) << "a wire is one of its ports";
  EXPECT_THAT(held.segments, ElementsAre("br-lan"));
  EXPECT_THAT(held.names(), ElementsAre("docker0", "br-lan"));
  EXPECT_THAT(held_links(kHost, {}).names(), IsEmpty()) << "the list holds what it names";
}

TEST(AllIsHeld, AndWhatAPatternExceptsIsNeitherHeldNorAWayBetweenContainers) {
  const HeldLinks held = held_links(kHost, {}, std::vector<std::string>{"docker*", "br-lan"});
  EXPECT_THAT(held.names(), IsEmpty());
  EXPECT_THAT(held.inside, IsEmpty());
  const Link tap{.name = "tap0", .index = 8, .kind = "tun", .is_users = true};
  EXPECT_THAT(held_links({{tap}}, {}, std::vector<std::string>{"tap0"}).patterns,
              ElementsAre("tap0"))
      << "what a user writes is held in any case";
}

TEST(AllIsHeld, WhatTheHostDoesByASecondWireIsItsOwn) {
  for (const char* kind : {"", "vlan", "bond", "macvlan"}) {
    const std::vector<Link> host{kEthernet, {.name = "x", .index = 8, .kind = kind}};
    const HeldLinks held = held_links(host, {}, kNothing);
    EXPECT_THAT(held.outward, ElementsAre("x")) << kind;
    EXPECT_THAT(held.wires, ElementsAre("x")) << kind;
    EXPECT_THAT(held.inside, IsEmpty()) << kind;
    EXPECT_FALSE(held.is_guest("x")) << kind;
  }
}

// A VPN of root's, a virtual machine behind a tap or a switch of its own: nobody can tell which.
TEST(AllIsHeld, WhatMayBeAMachineOfThisHostIsNoWire) {
  for (const char* kind : {"tun", "wireguard", "openvswitch"}) {
    const std::vector<Link> host{kEthernet, {.name = "x", .index = 8, .kind = kind}};
    const HeldLinks held = held_links(host, {}, kNothing);
    EXPECT_THAT(held.outward, ElementsAre("x")) << kind;
    EXPECT_THAT(held.wires, IsEmpty()) << kind;
    EXPECT_THAT(held.inside, IsEmpty()) << kind;
  }
  const Link vlan{.name = "vlan7", .index = 8, .kind = "vlan", .lower = kDocker.index};
  EXPECT_THAT(held_links({{kEthernet, kDocker, vlan}}, {}, kNothing).wires, IsEmpty())
      << "of a bridge of guests";
}

TEST(AllIsHeld, AGuestThatSaysItIsARouterIsNoWayOut) {
  Link told = kEthernet;  // of a host with IPv6 alone
  told.is_told_default = true;
  for (const char* kind : {"tun", "veth", "bridge", ""}) {
    Link link{.name = "x", .index = 8, .kind = kind, .has_default_route = true};
    link.is_told_default = true;
    EXPECT_THAT(held_links({{kEthernet, link}}, {}, kNothing).uplinks, ElementsAre("eth0")) << kind;
    EXPECT_FALSE(is_uplink(link, {{kEthernet, link}})) << kind;
    EXPECT_THAT(held_links({{link}}, {}, kNothing).uplinks, ElementsAre("x")) << kind << ": alone";
    EXPECT_EQ(held_links({{told, link}}, {}, kNothing).uplinks.size(), *kind == '\0' ? 2U : 1U)
        << kind << ": beside a wire that says so as well";
    link.is_told_default = false;
    EXPECT_EQ(held_links({{kEthernet, link}}, {}, kNothing).uplinks.size(), 2U) << kind;
  }
}

TEST(AllIsHeld, PartsOfABondAreItsAndADummyIsNobodys) {
  const Link part{.name = "eth1", .index = 8, .group = 9};
  const Link bond{.name = "bond0", .index = 9, .kind = "bond"};
  const Link dummy{.name = "dummy0", .index = 10, .kind = "dummy"};
  const HeldLinks held = held_links({{kEthernet, part, bond, dummy}}, {}, kNothing);
  EXPECT_THAT(held.outward, ElementsAre("bond0"));
  EXPECT_THAT(held.guests, ElementsAre("dummy0"));
}

// The table would be made anew for them, under what happens meanwhile.
TEST(AllIsHeld, WhatIsNotUpAndWhatVerifyMakesChangeNothing) {
  const HeldLinks without = held_links({{kEthernet}}, {}, kNothing);
  const Link down{.name = "eth1", .index = 8, .is_up = false};
  EXPECT_EQ(held_links({{kEthernet, down}}, {}, kNothing), without);
  const Link probe{.name = kProbeLink, .index = 9, .kind = "tun"};
  EXPECT_EQ(held_links({{kEthernet, probe}}, {}, kNothing), without);
}

TEST(AllIsHeld, AnEncapsulationIsNamedUnlessThePolicyExceptsIt) {
  const Link gre{.name = "gre1", .index = 8, .kind = "gre"};
  EXPECT_THAT(held_links({{kEthernet, gre}}, {}, kNothing).names(), ElementsAre("gre1"));
  const HeldLinks held = held_links({{kEthernet, gre}}, {}, std::vector<std::string>{"gre*"});
  EXPECT_THAT(held.names(), IsEmpty());
  EXPECT_THAT(held.tunnels, IsEmpty());
}

TEST(AllIsHeld, ATunnelWithTheDefaultRouteIsAWayOut) {
  const Link vpn{.name = "wg0", .index = 8, .kind = "wireguard", .has_default_route = true};
  EXPECT_THAT(held_links({{kEthernet, vpn}}, {}, kNothing).uplinks, ElementsAre("eth0", "wg0"));
}

TEST(AllIsHeld, ARoutedVethIsAGuestsUnlessTheHostMayBeAContainerItself) {
  Link veth{.name = "cali1", .index = 8, .kind = "veth"};
  const Link own{.name = "eth0", .index = 2, .kind = "veth", .has_default_route = true};
  EXPECT_THAT(held_links({{kEthernet, veth}}, {}, kNothing).inside, ElementsAre("cali1"));
  EXPECT_THAT(held_links({{own, veth}}, {}, kNothing).outward, ElementsAre("cali1"));
  EXPECT_THAT(held_links({{veth}}, {}, kNothing).outward, ElementsAre("cali1")) << "no way out yet";
  veth.has_hosts = true;
  EXPECT_THAT(held_links({{own, veth}}, {}, kNothing).inside, ElementsAre("cali1"));
}

TEST(AllIsHeld, AVethThatIsNotUpIsNoWayBetweenContainersYet) {
  const Link veth{.name = "veth1", .index = 8, .kind = "veth", .is_up = false};
  const HeldLinks held = held_links({{kEthernet, veth}}, {}, kNothing);
  EXPECT_THAT(held.inside, IsEmpty());
  EXPECT_THAT(held.names(), ElementsAre("veth1"));
}

class AddresslessLinks : public testing::Test {
 protected:
  AddresslessLinks() {
    host_[0].v4 = IpAddress::parse("127.0.0.1").value();
    host_[1].v4 = IpAddress::parse("10.0.0.2").value();
    host_[2].v4 = IpAddress::parse("172.17.0.1").value();
  }
  std::vector<Link> host_{
      kLo, kEthernet, kDocker, kContainer, {.name = "cali1", .index = 9, .kind = "veth"}};
};

TEST_F(AddresslessLinks, AreHeldOnesThatAreUpWithAnAddressOfTheHostInTheirStead) {
  for (const HeldLinks& held : {held_links(host_, {"cali*"}), held_links(host_, {}, kNothing)}) {
    EXPECT_THAT(held.addressless, ElementsAre("cali1"));
    EXPECT_EQ(held.guard_v4, host_[1].v4) << "that of the oldest link, loopback aside";
  }
  host_[4].is_up = false;
  EXPECT_THAT(held_links(host_, {}, kNothing).addressless, IsEmpty());
}

TEST_F(AddresslessLinks, AreNoneThatHaveAnAddressOrAreNotHeld) {
  EXPECT_THAT(held_links(host_, {"docker0"}).addressless, IsEmpty());
  EXPECT_THAT(held_links(host_, {}, {{"cali*"}}).addressless, IsEmpty());
  host_[1].v4.reset();
  EXPECT_THAT(held_links(host_, {}, kNothing).addressless, ElementsAre("cali1"))
      << "not the way out";
  EXPECT_EQ(held_links(host_, {}, kNothing).guard_v4, host_[2].v4);
  host_[4].v4 = IpAddress::parse("10.244.0.1").value();
  const HeldLinks held = held_links(host_, {}, kNothing);
  EXPECT_THAT(held.addressless, IsEmpty());
  EXPECT_FALSE(held.guard_v4);
}

TEST_F(AddresslessLinks, HaveNoneOnAHostWithoutAnAddress) {
  for (Link& link : host_)
    if (!link.is_loopback) link.v4.reset();
  const HeldLinks held = held_links(host_, {"cali*"});
  EXPECT_THAT(held.addressless, IsEmpty());
  EXPECT_FALSE(held.guard_v4);
}

}  // namespace
}  // namespace egress::nft
