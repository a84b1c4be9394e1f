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
