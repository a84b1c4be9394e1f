#include "egress/nft/frames.hpp"

#include <gtest/gtest.h>

namespace egress::nft {
namespace {

const HeldLinks kHeld{.patterns = {"docker0", "br-*"},
                      .inside = {"br-12ab", "docker0"},
                      .uplinks = {"br-lan"},
                      .ports = {"veth1"},
                      .tunnels = {},
                      .routed = {}};

TEST(Frames, WhatLeavesTheHostIsHeld) {
  for (const char* name : {"eth0", "wlan0", "wg0", "docker1", "br", "xbr-1", "br-lan", "br-new"})
    EXPECT_EQ(left_out({.name = name, .index = 2}, kHeld), "") << name;
}

TEST(Frames, WhatStaysOnItOrIsNotOursIsNot) {
  EXPECT_NE(left_out({.name = "lo", .index = 1, .is_loopback = true}, kHeld), "");
  EXPECT_EQ(left_out({.name = "docker0", .index = 3}, kHeld),
            "its traffic is held, and stays on this host");
  EXPECT_EQ(left_out({.name = "br-12ab", .index = 3}, kHeld),
            "its traffic is held, and stays on this host");
  EXPECT_EQ(left_out({.name = "eth1", .index = 3, .bridge = 7}, kHeld),
            "a port of a bridge: it passes on what others have sent");
  EXPECT_EQ(left_out({.name = "veth1", .index = 3, .bridge = 4}, kHeld), "its bridge is held");
}

// The frames of bridged machines pass every device beneath the port, and none of them is routed.
TEST(Frames, WhatMachinesOfOthersSendIsLeftAlone) {
  const std::vector<Link> links{
      {.name = "eth0", .index = 2},
      {.name = "eth0.10", .index = 3, .kind = "vlan", .bridge = 9, .lower = 2},
      {.name = "eth1", .index = 4, .group = 6},
      {.name = "eth2", .index = 5, .group = 6},
      {.name = "bond0", .index = 6, .kind = "bond"},
      {.name = "bond0.20", .index = 7, .kind = "vlan", .bridge = 9, .lower = 6},
      {.name = "eth3", .index = 8},
      {.name = "br0", .index = 9, .kind = "bridge"},
      {.name = "macvtap0", .index = 10, .kind = "macvtap", .lower = 8},
      {.name = "eth4", .index = 11},
      {.name = "eth4.30", .index = 12, .kind = "vlan", .lower = 11},
      {.name = "eth5", .index = 13, .group = 15},
      {.name = "bond1", .index = 15, .kind = "bond", .bridge = 9},
      {.name = "eth6", .index = 16},
      {.name = "mv0", .index = 17, .kind = "macvlan", .bridge = 9, .lower = 16}};
  const HeldLinks held = held_links(links, {});
  for (const Link& link : links) {
    const std::string why = left_out(link, held);
    const bool is_ours = link.name == "eth4" || link.name == "eth4.30" || link.name == "br0";
    EXPECT_EQ(why.empty(), is_ours) << link.name << ": " << why;
  }
  EXPECT_EQ(held.carriers, (std::vector<std::string>{"bond0", "eth0", "eth1", "eth2", "eth3",
                                                     "eth5", "eth6", "macvtap0"}));
}

TEST(Frames, OnlyClientsOfDhcpWriteTheirOwn) {
  const auto rules = [](bool allows_dhcp) {
    std::string text;
    const FrameFilter filter{.links = {{.name = "eth0", .index = 2}}, .allows_dhcp = allows_dhcp};
    for (const Chain& chain : layout(filter).chains)
      for (const Rule& rule : chain.rules) text += chain.name + ": " + print(rule) + '\n';
    return text;
  };
  const std::string held =
      "unrouted: meta protocol ip counter name \"refused\" drop\n"
      "unrouted: meta protocol ip6 counter name \"refused\" drop\n"
      "unrouted: meta protocol 8021q counter name \"refused\" drop\n"
      "unrouted: meta protocol 8021ad counter name \"refused\" drop\n"
      "egress-2: meta rtclassid 0 accept\n"
      "egress-2: meta rtclassid != 0 accept\n"
      "egress-2: goto unrouted\n";
  EXPECT_EQ(rules(false), held);
  EXPECT_EQ(rules(true),
            "unrouted: ip daddr 255.255.255.255 udp sport 68 udp dport 67 limit rate 10/second "
            "burst 50 packets accept\n" +
                held);
}

}  // namespace
}  // namespace egress::nft
