#include "egressctl/verify/guard_questions.hpp"

#include <algorithm>
#include <set>

namespace egress::verify {

using control::ProofReply;

std::vector<IpAddress> asked_at(const ProofReply& proof, const Outside& outside) {
  std::set<IpAddress> addresses;  // IPv4 sorts before IPv6
  for (const auto& text : proof.resolvers) {
    if (const auto server = parse_resolver(text)) addresses.insert(server->address);
  }
  if (addresses.empty()) addresses.insert(outside.resolvers.front());
  return {addresses.begin(), addresses.end()};
}

std::vector<AllowedName> allowed_names(const ProofReply& proof) {
  std::vector<AllowedName> names;
  for (const auto& endpoint : proof.endpoints) {
    const auto name = DnsName::parse(endpoint.host);
    const bool is_filtered =
        std::ranges::find(proof.filtered, endpoint.host) != proof.filtered.end();
    if (!name || endpoint.addresses.empty() || is_filtered) continue;
    const auto address = IpAddress::parse(endpoint.addresses.front().address);
    if (!address || std::ranges::find(names, *name, &AllowedName::name) != names.end()) continue;
    names.push_back({*name, probe::address_type(address->family())});
  }
  return names;
}

std::optional<DnsName> unlisted_name(const Allowed& allowed, const Outside& outside) {
  for (const OutsideHost& host : outside.hosts) {
    if (!allowed.opener(host.name)) return host.name;
  }
  return std::nullopt;
}

Probe question(KindId kind, std::string label, const IpAddress& at, const DnsName& name,
               GuardAnswer guard) {
  Probe probe;
  probe.kind = kind;
  probe.method = Method::dns;
  probe.endpoint = {at, Transport::udp, kDns};
  probe.label = std::move(label);
  probe.name = name;
  probe.guard = guard;
  return probe;
}

Probe with_type(Probe probe, std::uint16_t type) {
  probe.type = type;
  return probe;
}

Probe over(Probe probe, Transport transport) {
  probe.endpoint.transport = transport;
  return probe;
}

}  // namespace egress::verify
