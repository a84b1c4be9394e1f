// The network devices of this host, and which of them lead outside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "egress/core/ip_address.hpp"

namespace egress::nft {

// The link that `verify` makes for a moment: the packets at its far end are read by the prover, and by nobody else.
inline constexpr const char* kProbeLink = "egressd-probe";

struct Link {
  std::string name;
  std::uint32_t index = 0;  // another one when a device of the same name comes back
  bool is_loopback = false;
  std::string kind{};        // of a virtual device (IFLA_INFO_KIND): "veth", "bridge"; empty: hardware
  std::uint32_t bridge = 0;  // index of the bridge that it is a port of; 0: of none
  std::uint32_t lower = 0;   // index of the device that it stands on: of a VLAN, macvlan, macvtap ...; 0: on none
  std::uint32_t group = 0;   // index of the bond or team that it is part of; 0: of none
  bool has_default_route = false;
  bool is_told_default = false;  // that route is from router advertisements alone (RFC 4861): anybody at the link can send one
  bool leads_on = false;  // by it, through a gateway, a route leads to addresses that are not private
  bool is_up = true;
  bool has_hosts = false;  // routes of single addresses lead there, without a gateway: pods
  std::optional<IpAddress> v4{};  // its first IPv4 address; none: it has none (a routed veth, as Calico makes them)
  bool is_users = false;  // a tun or tap device whose packets a user other than root may write
  std::vector<Prefix> routed{};  // to it by tables other than `main`, which rules (ip-rule(8)) may choose
  bool is_bridge_port() const { return bridge != 0; }  // passes frames on that this host has not routed
  auto operator<=>(const Link&) const = default;
};

// What goes to it stays on this host: a veth, a tun or tap device, or a bridge with nothing but these
// as its ports, by which no route leads on. Known by what it is, not by its name.
bool is_inside(const Link& link, std::span<const Link> all);
// Anybody's packets may come in by it: the default route goes there, or it is a bridge with a port that
// leads outside. Never a device of a user.
bool is_uplink(const Link& link, std::span<const Link> all);

// The links of this host that are held, as rules need them; names, sorted.
struct HeldLinks {
  std::vector<std::string> patterns;  // those of the policy; devices of users, and bridges of such, that none of them names
  // Patterns of the policy. Where they are, whatever enters by no uplink and by none of these is held.
  std::optional<std::vector<std::string>> released{};
  std::vector<std::string> guests{};  // then: held links that hold nothing but containers and machines of this host
  std::vector<std::string> outward{};  // then: held links that may lead to other machines, and are up
  // Those of them with other machines at the far end for certain: wires, and what stands on one. What the host itself
  // sends and receives by them is its own.
  std::vector<std::string> wires{};
  std::vector<std::string> segments{};  // bridges among them: what they bridge may pass the host's hooks (br_netfilter)
  std::vector<std::string> inside{};
  std::vector<std::string> uplinks{};  // of those that are held; where all is held, all
  std::vector<std::string> ports{};  // of bridges that are inside
  // Not held, but whoever can send to this host can write what comes in by them: encapsulations.
  std::vector<std::string> tunnels{};
  // Beneath ports of bridges, or devices whose frames a virtual machine writes: what these send passes here, unrouted.
  std::vector<std::string> carriers{};
  std::vector<std::pair<std::string, Prefix>> routed{};  // of held links and tunnels: Link::routed
  // Held links that are up and have no IPv4 address, to which a redirect could lead, and an address of this host to which
  // their questions can be led instead; empty where the host has none either.
  std::vector<std::string> addressless{};
  std::optional<IpAddress> guard_v4{};
  bool operator==(const HeldLinks&) const = default;

  // Whether what is behind that link is held as a guest of this host.
  bool is_guest(const std::string& name) const;
  // The held links: as the policy names them, or each that is here; and tunnels.
  std::vector<std::string> names() const;
};
// `released`: as in HeldLinks.
HeldLinks held_links(std::span<const Link> all, const std::vector<std::string>& forward,
                     const std::optional<std::vector<std::string>>& released = std::nullopt);

}  // namespace egress::nft
