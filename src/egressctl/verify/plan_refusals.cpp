#include <array>
#include <set>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/plan.hpp"

namespace egress::verify {

namespace {

// Well-known hosts outside any policy for agents, and an address of each as published in November
// 2026. The address need not be theirs for ever: it only has to lie outside the allow-list.
struct Outsider {
  std::string_view name;
  std::string_view v4;
  std::string_view v6;
};
constexpr std::array<Outsider, 3> kOutsiders{{
    {"google.com", "142.250.72.14", "2607:f8b0:4005:80a::200e"},
    {"github.com", "140.82.112.4", "2606:50c0:8000::153"},
    {"example.com", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"},
}};
constexpr std::string_view kForeignResolver = "8.8.8.8";
constexpr std::string_view kForeignResolver6 = "2001:4860:4860::8888";
constexpr std::string_view kMetadata = "169.254.169.254";
constexpr Port kHttps = 443;
constexpr std::array<Port, 4> kWrongPorts{444, 81, 8444, 9};

IpAddress literal(std::string_view text) {
  return *IpAddress::parse(text);
}

// Collects the probes, and turns those that the policy allows into rows.
class Builder {
 public:
  Builder(const control::ProofReply& proof, std::span<const Trial> lookups)
      : allowed_(proof), lookups_(lookups) {}

  void add(Method method, const Endpoint& endpoint, std::string label);
  void add_outsider(const Outsider& outsider);
  void add_wrong_port(const control::ProofReply& proof, Family family);
  Plan take() { return std::move(plan_); }

 private:
  void add_by_name(std::string_view name, Family family);
  void add_row(std::string probe, std::string seen, std::string evidence, Mark mark) {
    plan_.rows.push_back({std::move(probe), "refused", std::move(seen), std::move(evidence), mark});
  }

  Allowed allowed_;
  std::span<const Trial> lookups_;
  Plan plan_;
};

void Builder::add(Method method, const Endpoint& endpoint, std::string label) {
  Probe probe;
  probe.method = method;
  probe.endpoint = endpoint;
  probe.label = std::move(label);
  if (method == Method::dns) probe.name = *DnsName::parse("example.com");
  const auto opener = method == Method::ping ? std::nullopt : allowed_.opener(endpoint);
  if (opener) {
    add_row(describe(probe), "allowed by policy: " + *opener, {}, Mark::skipped);
  } else {
    plan_.probes.push_back(std::move(probe));
  }
}

void Builder::add_outsider(const Outsider& outsider) {
  const std::string name(outsider.name);
  if (const auto opener = allowed_.opener(name, Transport::tcp, kHttps)) {
    add_row(name, "allowed by policy: " + *opener, {}, Mark::skipped);
    return;
  }
  add_by_name(name, Family::ipv4);
  add_by_name(name, Family::ipv6);
  for (const std::string_view address : {outsider.v4, outsider.v6}) {
    add(Method::tcp, {literal(address), Transport::tcp, kHttps}, name + " by address");
  }
}

// An answer without a usable address (NODATA, NXDOMAIN, a sinkhole) leaves nothing to connect to;
// no answer at all leaves the question open.
void Builder::add_by_name(std::string_view name, Family family) {
  const std::string label = std::string(name) + " by name";
  std::set<IpAddress> addresses;
  std::string answer;
  for (const Trial& lookup : lookups_) {
    if (lookup.probe.name->text() != name || lookup.probe.asked != family) continue;
    if (!lookup.seen.rcode || *lookup.seen.rcode == 2) continue;  // SERVFAIL tells nothing
    answer = probe::rcode_text(*lookup.seen.rcode);
    for (const IpAddress& address : lookup.seen.addresses) {
      const AddressClass kind = classify(address);
      const bool usable = kind == AddressClass::unicast || kind == AddressClass::private_use;
      if (usable && addresses.size() < limits::kProofOutsideAddresses) addresses.insert(address);
    }
  }
  for (const IpAddress& address : addresses) {
    add(Method::tcp, {address, Transport::tcp, kHttps}, label);
  }
  if (!addresses.empty()) return;
  const std::string probe = label + " over " + std::string(text(family));
  if (answer.empty()) {
    add_row(probe, "no pinned resolver could look it up", {}, Mark::not_proven);
  } else {
    add_row(probe, "n/a: the pinned resolvers give no address", answer, Mark::not_applicable);
  }
}

void Builder::add_wrong_port(const control::ProofReply& proof, Family family) {
  for (const auto& endpoint : proof.endpoints) {
    for (const auto& text : endpoint.addresses) {
      const auto address = IpAddress::parse(text);
      if (!address || address->family() != family || endpoint.transport != "tcp") continue;
      for (const Port port : kWrongPorts) {
        const Endpoint wrong{*address, Transport::tcp, port};
        if (allowed_.opener(wrong)) continue;
        add(Method::tcp, wrong,
            "wrong port of " + (endpoint.host.empty() ? endpoint.target : endpoint.host));
        return;
      }
    }
  }
}

}  // namespace

std::vector<Probe> plan_lookups(const control::ProofReply& proof) {
  std::vector<Probe> probes;
  for (const auto& text : proof.resolvers) {
    const auto server = parse_resolver(text);
    if (!server) continue;
    for (const Outsider& outsider : kOutsiders) {
      for (const Family family : {Family::ipv4, Family::ipv6}) {
        Probe probe;
        probe.method = Method::dns;
        probe.endpoint = {server->address, Transport::udp, server->port};
        probe.name = *DnsName::parse(outsider.name);
        probe.asked = family;
        probes.push_back(std::move(probe));
      }
    }
  }
  return probes;
}

Plan plan_refusals(const control::ProofReply& proof, std::span<const Trial> lookups) {
  Builder builder(proof, lookups);
  for (const Outsider& outsider : kOutsiders) builder.add_outsider(outsider);
  builder.add_wrong_port(proof, Family::ipv4);
  builder.add_wrong_port(proof, Family::ipv6);
  const IpAddress foreign = literal(kForeignResolver);
  builder.add(Method::dns, {foreign, Transport::udp, 53}, "foreign resolver over UDP");
  builder.add(Method::tcp, {foreign, Transport::tcp, 53}, "foreign resolver over TCP");
  builder.add(Method::tcp, {literal(kMetadata), Transport::tcp, 80}, "cloud metadata");
  builder.add(Method::ping, {foreign, Transport::udp, 0}, "echo");
  builder.add(Method::ping, {literal(kForeignResolver6), Transport::udp, 0}, "echo");
  return builder.take();
}

}  // namespace egress::verify
