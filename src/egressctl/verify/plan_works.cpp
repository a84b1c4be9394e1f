#include <algorithm>

#include "egress/core/limits.hpp"
#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/plan.hpp"
#include "egressctl/verify/plan_guard.hpp"

namespace egress::verify {

namespace {

using control::ProofReply;
using control::ProvableEndpoint;

constexpr Port kHttps = 443;
constexpr Port kNtp = 123;

bool is_range(const ProvableEndpoint& endpoint) {
  const auto parts = split_target(endpoint.target);
  return parts && !parts->ports.is_single();
}

Transport transport_of(const ProvableEndpoint& endpoint) {
  return parse_transport(endpoint.transport).value_or(Transport::tcp);
}

// How to prove that the endpoint works; empty for a range, since nobody knows which of its ports
// answers, for UDP services whose questions are unknown, and for tunnels.
std::optional<Method> method_for(const ProvableEndpoint& endpoint) {
  if (is_range(endpoint) || is_tunnel(transport_of(endpoint))) return std::nullopt;
  if (endpoint.transport == "icmp") return Method::ping;
  if (endpoint.transport == "udp") {
    return endpoint.port == kNtp ? std::optional(Method::ntp) : std::nullopt;
  }
  const bool has_name = DnsName::parse(endpoint.host).has_value();
  return has_name && endpoint.port == kHttps ? Method::tls : Method::tcp;
}

KindId kind_of(Method method) {
  if (method == Method::ntp) return "works.ntp";
  if (method == Method::ping) return "works.ping";
  return method == Method::tls ? KindId("works.tls") : KindId("works.tcp");
}

Probe make_probe(const ProvableEndpoint& endpoint, Method method, const IpAddress& address,
                 const std::string& element) {
  Probe probe;
  probe.kind = kind_of(method);
  probe.method = method;
  probe.endpoint = {address, over(transport_of(endpoint), address.family()), endpoint.port};
  probe.target = endpoint.target;
  probe.label = label_of(endpoint);
  probe.element = element;
  probe.is_optional = endpoint.optional;
  if (method == Method::tls) probe.name = *DnsName::parse(endpoint.host);
  return probe;
}

bool is_wildcard(const ProvableEndpoint& endpoint) {
  return wildcard_base(endpoint.host).has_value();
}

// True where the daemon knows each address: for a name and for a literal address, but neither for a
// wildcard nor for a CIDR.
bool should_have_addresses(const ProvableEndpoint& endpoint) {
  if (is_wildcard(endpoint)) return false;
  const auto parts = split_target(endpoint.target);
  return !endpoint.host.empty() || (parts && IpAddress::parse(parts->destination));
}

// An endpoint that no probe is made for.
Row unprobed(const ProvableEndpoint& endpoint) {
  Row row{"works.address", endpoint.target, "works", {}, {}, Mark::not_probed, {}};
  if (is_wildcard(endpoint)) {
    row.seen = "a wildcard: its names are known when programs ask for them";
  } else if (endpoint.srv && endpoint.addresses.empty()) {
    row.seen = "services: what they lead to is known when programs ask for them";
  } else if (!should_have_addresses(endpoint)) {
    row.seen = "a CIDR: no address to connect to is known";
  } else if (is_tunnel(transport_of(endpoint)) && !endpoint.addresses.empty()) {
    row.seen = "a tunnel: what its other end answers is unknown";
  } else if (!endpoint.addresses.empty()) {
    row.seen = is_range(endpoint) ? "a range: which of its ports answers is unknown"
                                  : "no question for this UDP service is known";
  } else {
    row.seen = "no address is open";
    row.evidence = "to learn why: egressctl why " + endpoint.target;
    row.mark = endpoint.optional ? Mark::warning : Mark::fails;
  }
  return row;
}

void plan_dns(const ProofReply& proof, Plan& plan) {
  Probe probe;
  probe.kind = "works.resolver";
  probe.method = Method::dns;
  probe.target = "dns";
  probe.label = "pinned resolver";
  probe.name = *DnsName::parse("example.com");
  for (const auto& endpoint : proof.endpoints) {
    const auto name = DnsName::parse(endpoint.host);
    if (!name || endpoint.addresses.empty()) continue;
    const auto address = IpAddress::parse(endpoint.addresses.front().address);
    probe.name = *name;
    if (address) probe.type = probe::address_type(address->family());
    break;
  }
  for (const auto& text : proof.resolvers) {
    const auto server = parse_resolver(text);
    if (!server) continue;
    probe.endpoint = {server->address, Transport::udp, server->port};
    plan.probes.push_back(probe);
  }
}

void plan_loopback(Plan& plan) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Probe probe;
    probe.kind = "works.loopback";
    probe.method = Method::loopback;
    probe.endpoint = {IpAddress::parse(address).value(), Transport::tcp, 0};
    probe.target = probe.label = "loopback";
    plan.probes.push_back(std::move(probe));
  }
}

// The n-th address of every endpoint before the next one of any, so that the limit leaves none out
// without need.
void plan_endpoints(const ProofReply& proof, Plan& plan) {
  std::size_t wanted = 0;
  std::size_t most = 0;
  for (const auto& endpoint : proof.endpoints) most = std::max(most, endpoint.addresses.size());
  for (std::size_t n = 0; n < most; ++n) {
    for (const auto& endpoint : proof.endpoints) {
      if (n >= endpoint.addresses.size()) continue;
      const auto method = method_for(endpoint);
      if (!method || ++wanted > limits::kProofAddresses) continue;
      const auto address = IpAddress::parse(endpoint.addresses[n].address);
      if (!address) continue;
      plan.probes.push_back(make_probe(endpoint, *method, *address, endpoint.addresses[n].element));
    }
  }
  if (wanted <= limits::kProofAddresses) return;
  plan.rows.push_back({"works.address",
                       std::to_string(wanted - limits::kProofAddresses) + " more addresses",
                       "works",
                       "verify connects to at most " + std::to_string(limits::kProofAddresses),
                       {},
                       Mark::not_probed,
                       {}});
}

}  // namespace

Plan plan_works(const ProofReply& proof, const Outside& outside) {
  Plan plan;
  is_guarded(proof) ? plan_guard_works(proof, outside, plan) : plan_dns(proof, plan);
  plan_endpoints(proof, plan);
  plan_loopback(plan);
  for (const auto& endpoint : proof.endpoints) {
    if (endpoint.addresses.empty() || !method_for(endpoint)) {
      plan.rows.push_back(unprobed(endpoint));
    }
  }
  return plan;
}

}  // namespace egress::verify
