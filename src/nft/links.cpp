#include "egress/nft/links.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "egress/core/interface_pattern.hpp"
#include "egress/core/limits.hpp"

namespace egress::nft {
namespace {

using Links = std::span<const Link>;

// Devices that unpack what arrives at one of this host's addresses and take it in as received.
constexpr std::array<std::string_view, 16> kEncapsulations{
    "vxlan", "geneve", "gre", "gretap", "ip6gre",  "ip6gretap", "erspan", "ip6erspan",
    "ipip",  "sit",    "vti", "ip6tnl", "bareudp", "l2tpeth",   "gtp",    "amt"};

// What is sent to a dummy goes nowhere.
bool is_structure_inside(const Link& link) {
  return link.kind == "veth" || link.kind == "tun" || link.kind == "dummy";
}

bool is_bridge(const Link& link) {
  return link.kind == "bridge";
}

template <class Condition>
bool every_port(const Link& bridge, Links all, const Condition& condition) {
  return std::ranges::all_of(
      all, [&](const Link& port) { return port.bridge != bridge.index || condition(port); });
}

bool leads_nowhere(const Link& link) {
  return !link.has_default_route && !link.leads_on;
}

bool has_users_port(const Link& link, Links all) {
  return is_bridge(link) && !every_port(link, all, [](const Link& port) { return !port.is_users; });
}

bool is_encapsulation(const Link& link) {
  return std::ranges::find(kEncapsulations, link.kind) != kEncapsulations.end();
}

// Names of the ports of the held bridges that are inside.
std::vector<std::string> ports_inside(Links all, const HeldLinks& held) {
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

bool is_machines(const Link& link) {
  return link.kind == "macvtap" || link.kind == "ipvtap";
}

bool is_group(const Link& link) {
  return link.kind == "bond" || link.kind == "team";
}

// Downwards from where the frames of others come in: a VLAN of a bond has all parts of it beneath.
std::vector<std::string> carriers(Links all) {
  std::vector<const Link*> above;
  std::vector<std::string> names;
  for (const Link& link : all) {
    if (link.is_bridge_port() || is_machines(link)) above.push_back(&link);
    if (is_machines(link)) names.push_back(link.name);
  }
  while (!above.empty()) {
    const Link& upper = *above.back();
    above.pop_back();
    if (upper.lower == 0 && !is_group(upper)) continue;
    for (const Link& link : all) {
      const bool is_beneath = link.index == upper.lower || link.group == upper.index;
      if (!is_beneath || std::ranges::find(names, link.name) != names.end()) continue;
      names.push_back(link.name);
      above.push_back(&link);
    }
  }
  std::ranges::sort(names);
  return names;
}

void add_routed(const Link& link, HeldLinks& held) {
  for (const Prefix& prefix : link.routed)
    if (held.routed.size() < limits::kRoutedSources) held.routed.emplace_back(link.name, prefix);
}

// Of the link that is here for longest, so that it changes seldom.
std::optional<IpAddress> lasting_v4(Links all) {
  const Link* oldest = nullptr;
  for (const Link& link : all)
    if (link.v4 && link.is_up && !link.is_loopback &&
        (oldest == nullptr || link.index < oldest->index))
      oldest = &link;
  return oldest == nullptr ? std::nullopt : oldest->v4;
}

bool has_configured_default(const Link& link) {
  return link.has_default_route && !link.is_told_default && !link.is_users;
}

bool stands_on_another(const Link& link) {
  constexpr std::array<std::string_view, 6> kKinds{"vlan",   "macvlan", "macvtap",
                                                   "ipvlan", "ipvtap",  "macsec"};
  return std::ranges::find(kKinds, link.kind) != kKinds.end();
}

// Whose far end is no machine of this host. What a VLAN stands on may be in another namespace.
bool is_hardware(const Link& link, Links all) {
  constexpr std::array<std::string_view, 5> kKinds{"", "ppp", "wwan", "ipoib", "dsa"};
  if (std::ranges::find(kKinds, link.kind) != kKinds.end()) return !link.is_loopback;
  if (is_group(link)) return true;
  if (is_bridge(link)) return !every_port(link, all, is_structure_inside);
  const auto is_below = [&](const Link& other) { return other.index == link.lower; };
  const auto below = std::ranges::find_if(all, is_below);
  // Devices do not stand on each other in a circle.
  return stands_on_another(link) && (below == all.end() || is_hardware(*below, all));
}

// On a host that is a container itself, a veth leads outside; any may, before one is the uplink.
bool may_lead_outside(const Link& veth, Links all) {
  const auto is_sure = [&](const Link& link) {
    return has_configured_default(link) || (link.has_default_route && is_hardware(link, all));
  };
  const auto is_veth = [](const Link& link) {
    return has_configured_default(link) && link.kind == "veth";
  };
  return !veth.has_hosts &&
         (std::ranges::none_of(all, is_sure) || std::ranges::any_of(all, is_veth));
}

bool is_wire(const Link& link, Links all) {
  return is_hardware(link, all) || (link.kind == "veth" && may_lead_outside(link, all));
}

// Who says that it is a router does not become one where root has configured another, nor a guest
// where a wire has one that says so.
bool is_way_out(const Link& link, Links all) {
  if (link.is_users || !link.has_default_route) return false;
  if (!link.is_told_default) return true;
  const auto is_better = [&](const Link& other) {
    return other.has_default_route && is_hardware(other, all);
  };
  return std::ranges::none_of(all, has_configured_default) &&
         (is_hardware(link, all) || std::ranges::none_of(all, is_better));
}

bool is_of_guests(const Link& link, Links all) {
  if (is_bridge(link)) return every_port(link, all, is_structure_inside);
  return link.kind == "dummy" || (link.kind == "veth" && !may_lead_outside(link, all));
}

// Where all is held: a link of which the policy says nothing. A veth that is not up may be about to
// become the port of a bridge.
void add_unnamed(const Link& link, Links all, HeldLinks& held) {
  if (link.is_loopback || link.is_bridge_port() || link.group != 0 || link.name == kProbeLink)
    return;
  if (is_way_out(link, all)) return held.uplinks.push_back(link.name);
  if (matches_interface(*held.released, link.name)) return;
  add_routed(link, held);
  if (!is_of_guests(link, all)) {
    if (!link.is_up) return;
    held.outward.push_back(link.name);
    if (is_wire(link, all)) held.wires.push_back(link.name);
    if (is_bridge(link)) held.segments.push_back(link.name);
    return;
  }
  held.guests.push_back(link.name);
  if (link.is_up && is_inside(link, all)) held.inside.push_back(link.name);
}

}  // namespace

bool is_inside(const Link& link, Links all) {
  if (!leads_nowhere(link)) return false;
  const auto is_end = [](const Link& port) {
    return is_structure_inside(port) && leads_nowhere(port);
  };
  return is_bridge(link) ? every_port(link, all, is_end)
                         : is_structure_inside(link) && !link.is_bridge_port();
}

bool is_uplink(const Link& link, Links all) {
  if (link.is_users) return false;
  return is_way_out(link, all) || (is_bridge(link) && !every_port(link, all, is_structure_inside));
}

bool HeldLinks::is_guest(const std::string& name) const {
  return matches_interface(patterns, name) || std::ranges::binary_search(guests, name);
}

std::vector<std::string> HeldLinks::names() const {
  std::vector<std::string> names = patterns;
  for (const auto* more : {&guests, &outward, &tunnels})
    names.insert(names.end(), more->begin(), more->end());
  return names;
}

namespace {

// What enters by a port is its bridge's, and what enters by the way out is nobody's question.
void find_addressless(Links all, HeldLinks& held) {
  const auto lacks_address = [&](const Link& link) {
    const auto is_among = [&](const std::vector<std::string>& names) {
      return std::ranges::binary_search(names, link.name);
    };
    const bool is_held = matches_interface(held.patterns, link.name) || is_among(held.guests) ||
                         is_among(held.outward);
    return is_held && link.is_up && !link.v4 && !link.is_bridge_port() && !is_among(held.uplinks);
  };
  const auto address = lasting_v4(all);
  if (!address) return;
  for (const Link& link : all)
    if (lacks_address(link)) held.addressless.push_back(link.name);
  std::ranges::sort(held.addressless);
  if (!held.addressless.empty()) held.guard_v4 = address;
}

}  // namespace

HeldLinks held_links(Links all, const std::vector<std::string>& forward,
                     const std::optional<std::vector<std::string>>& released) {
  HeldLinks held;
  held.patterns = forward;
  held.released = released;
  for (const Link& link : all) {
    const bool is_users = link.is_users || has_users_port(link, all);
    const bool is_held = is_users || matches_interface(forward, link.name);
    const bool is_released = released && matches_interface(*released, link.name);
    const bool is_tunnel =
        !is_held && !is_released && is_encapsulation(link) && !is_uplink(link, all);
    if (is_users && !matches_interface(forward, link.name)) held.patterns.push_back(link.name);
    if (is_held && is_inside(link, all)) held.inside.push_back(link.name);
    if (is_held && is_uplink(link, all)) held.uplinks.push_back(link.name);
    if (is_tunnel) held.tunnels.push_back(link.name);
    if (is_held || is_tunnel) add_routed(link, held);
    if (released && !is_held && !is_tunnel) add_unnamed(link, all, held);
  }
  for (auto* names : {&held.guests, &held.outward, &held.wires, &held.segments, &held.inside,
                      &held.uplinks, &held.tunnels})
    std::ranges::sort(*names);
  std::ranges::sort(held.routed);
  held.ports = ports_inside(all, held);
  held.carriers = carriers(all);
  find_addressless(all, held);
  return held;
}

}  // namespace egress::nft
