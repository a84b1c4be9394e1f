#include "egress/nft/frames.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"

namespace egress::nft {
namespace {

constexpr const char* kUnrouted = "unrouted";
// Those that a router would look into (IEEE 802 numbers): others do not get past the link.
constexpr std::uint16_t kIp = 0x0800, kIp6 = 0x86dd, kVlan = 0x8100, kServiceVlan = 0x88a8;

Chain unrouted(const FrameFilter& filter) {
  std::vector<Rule> rules;
  if (filter.allows_dhcp)
    rules.push_back({DestinationIs{IpAddress::highest(Family::ipv4)}, UdpPorts{68, 67},
                     RateLimit{limits::kLinkRate, limits::kLinkBurst}, Accept{}});
  for (const std::uint16_t type : {kIp, kIp6, kVlan, kServiceVlan})
    rules.push_back({EtherType{type}, CountAs{std::string(kRefusedCounter)}, Drop{}});
  return {.name = kUnrouted, .hook = {}, .rules = std::move(rules)};
}

Chain leaving_by(const Link& link) {
  return {.name = "egress-" + std::to_string(link.index),
          .hook = Hook::egress,
          .rules = {{Routed{.has_realm = false}, Accept{}},
                    {Routed{.has_realm = true}, Accept{}},
                    {Goto{kUnrouted}}},
          .device = link.name};
}

}  // namespace

std::string left_out(const Link& link, const HeldLinks& held) {
  const auto is_among = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, link.name) != names.end();
  };
  if (link.is_loopback) return "nothing leaves by it";
  if (is_among(held.inside)) return "its traffic is held, and stays on this host";
  if (is_among(held.ports)) return "its bridge is held";
  if (link.is_bridge_port()) return "a port of a bridge: it passes on what others have sent";
  if (is_among(held.carriers)) return "it carries frames of machines that are bridged to it";
  return "";
}

Layout layout(const FrameFilter& filter) {
  Layout all{.family = TableFamily::netdev,
             .counters = {std::string(kRefusedCounter)},
             .sets = {},
             .chains = {unrouted(filter)}};
  for (const Link& link : filter.links) all.chains.push_back(leaving_by(link));
  return all;
}

}  // namespace egress::nft
