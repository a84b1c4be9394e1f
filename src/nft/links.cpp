#include "egress/nft/links.hpp"

#include <algorithm>

#include "egress/core/interface_pattern.hpp"

namespace egress::nft {
namespace {

bool is_end(const Link& link) {
  return (link.kind == "veth" || link.kind == "tun") && !link.leads_on;
}

bool is_bridge(const Link& link) {
  return link.kind == "bridge";
}

// Every port ends on this host.
bool has_only_ends(const Link& bridge, std::span<const Link> all) {
  return std::ranges::all_of(
      all, [&](const Link& port) { return port.bridge != bridge.index || is_end(port); });
}

}  // namespace

bool is_inside(const Link& link, std::span<const Link> all) {
  if (is_bridge(link)) return !link.leads_on && has_only_ends(link, all);
  return is_end(link) && !link.is_bridge_port();
}

bool is_uplink(const Link& link, std::span<const Link> all) {
  if (link.is_users) return false;
  return link.leads_on || (is_bridge(link) && !has_only_ends(link, all));
}

namespace {

// Names of the ports of the held bridges that are inside.
std::vector<std::string> ports_inside(std::span<const Link> all, const HeldLinks& held) {
  std::vector<std::string> ports;
  for (const Link& port : all) {
    const auto is_bridge_of = [&](const Link& link) { return link.index == port.bridge; };
    const auto bridge = std::ranges::find_if(all, is_bridge_of);
    if (port.is_bridge_port() && bridge != all.end() &&
        std::ranges::find(held.inside, bridge->name) != held.inside.end())
      ports.push_back(port.name);
  }
  return ports;
}

}  // namespace

HeldLinks held_links(std::span<const Link> all, const std::vector<std::string>& forward) {
  HeldLinks held{.patterns = forward, .inside = {}, .uplinks = {}, .ports = {}};
  for (const Link& link : all) {
    const bool is_named = matches_interface(forward, link.name);
    if (!is_named && link.is_users) held.patterns.push_back(link.name);
    if (!is_named && !link.is_users) continue;
    if (is_inside(link, all)) held.inside.push_back(link.name);
    if (is_uplink(link, all)) held.uplinks.push_back(link.name);
  }
  std::ranges::sort(held.inside);
  std::ranges::sort(held.uplinks);
  held.ports = ports_inside(all, held);
  return held;
}

}  // namespace egress::nft
