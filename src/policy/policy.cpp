#include "egress/policy/policy.hpp"

#include <algorithm>

#include "egress/policy/proxy_ports.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {

std::string ResolverAddress::text() const {
  const std::string host = address.text() + (zone.empty() ? "" : '%' + zone);
  if (port == 53) return host;
  return (address.is_v4() ? host : '[' + host + ']') + ':' + std::to_string(port);
}

std::string Origin::text() const {
  switch (kind) {
    case Kind::file:
      return preset.empty() ? place.text() : "preset " + preset + " (" + place.text() + ')';
    case Kind::operator_added:
      return preset.empty() ? added_by : "preset " + preset + ", " + added_by;
    case Kind::service:
      return "services." + service;
  }
  return {};
}

std::string_view text(Risk::Kind kind) {
  switch (kind) {
    case Risk::Kind::upload:
      return "upload";
    case Risk::Kind::shared_cdn:
      return "shared-cdn";
    case Risk::Kind::wide:
      return "wide";
  }
  return {};
}

namespace {

// "3128", "1080, 3128, 3129 and others"; empty: none.
std::string proxy_ports_among(const PortRange& ports) {
  constexpr std::size_t kShown = 3;
  std::string text;
  std::size_t count = 0;
  for (const Port port : kProxyPorts)
    if (ports.contains(port) && ++count <= kShown)
      text += (text.empty() ? "" : ", ") + std::to_string(port);
  return count > kShown ? text + " and others" : text;
}

// Servers of the pool are volunteers' machines: whoever wants to be asked joins.
bool names_time_pool(const AllowEntry& entry) {
  constexpr std::string_view kPool = "pool.ntp.org";
  if (!entry.asks_time()) return false;
  const std::string text = egress::policy::text(entry.destination);
  return text == kPool || text.ends_with("." + std::string(kPool));
}

template <class Select>
std::vector<std::string> targets_of(const Entries& entries, Select selects) {
  std::vector<std::string> targets;
  for (const AllowEntry& entry : entries)
    if (selects(entry)) targets.push_back(entry.target());
  return targets;
}

}  // namespace

std::optional<Risk> risk_of(const AllowEntry& entry) {
  if (is_tunnel(entry.transport))
    return Risk{Risk::Kind::wide,
                "a tunnel: whatever its other end forwards is reached through it, by whoever may "
                "send such packets (root, CAP_NET_RAW)"};
  if (entry.risk) return entry.risk;
  if (entry.transport == Transport::icmp)
    return Risk{Risk::Kind::upload,
                "echo requests carry any data, in the clear: a program without rights can send "
                "it to whoever answers there"};
  if (names_time_pool(entry))
    return Risk{Risk::Kind::wide,
                "strangers' machines are in the pool: any program can send them "
                "datagrams on port 123"};
  if (entry.transport != Transport::tcp) return std::nullopt;
  const std::string ports = proxy_ports_among(entry.ports);
  if (ports.empty()) return std::nullopt;
  return Risk{Risk::Kind::wide, "proxies stand at port " + ports +
                                    ": through a proxy everything that it reaches is reached"};
}

std::vector<std::string> proxies_in(const Entries& entries) {
  return targets_of(entries, [](const AllowEntry& entry) {
    return entry.transport == Transport::tcp && !proxy_ports_among(entry.ports).empty();
  });
}

std::vector<std::string> tunnels_in(const Entries& entries) {
  return targets_of(entries, [](const AllowEntry& entry) { return is_tunnel(entry.transport); });
}

bool Wildcard::excepts(const DnsName& name) const {
  return std::ranges::any_of(except,
                             [&](const DnsName& excepted) { return name.is_within(excepted); });
}

const std::vector<DnsName>& AllowEntry::except() const {
  static const std::vector<DnsName> kNone;
  return wildcard() != nullptr ? wildcard()->except : kNone;
}

std::string Risk::text() const {
  return std::string(policy::text(kind)) + ": " + why;
}

bool AllowEntry::asks_time() const {
  return transport == Transport::udp && ports.contains(kNtp);
}

Endpoint AllowEntry::first_at(const IpAddress& address) const {
  return {address, over(transport, address.family()), ports.first};
}

std::string AllowEntry::target() const {
  return target_text(transport, text(destination), ports.text());
}

}  // namespace egress::policy
