#include <set>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/plan_guard.hpp"
#include "egressctl/verify/plan_places.hpp"
#include "egressctl/verify/refusal_plan.hpp"

namespace egress::verify {

namespace {

// An answer without a usable address (NODATA, NXDOMAIN, a sinkhole) leaves nothing to connect to;
// no answer at all leaves the question open.
void add_by_name(const DnsName& name, Family family, std::span<const Trial> lookups,
                 RefusalPlan& plan) {
  const std::string label = name.text() + " by name";
  std::set<IpAddress> addresses;
  std::string answer;
  for (const Trial& lookup : lookups) {
    if (*lookup.probe.name != name || lookup.probe.type != probe::address_type(family)) continue;
    if (!lookup.seen.rcode || *lookup.seen.rcode == 2) continue;  // SERVFAIL tells nothing
    answer = probe::rcode_text(*lookup.seen.rcode);
    for (const IpAddress& address : lookup.seen.addresses) {
      const AddressClass kind = classify(address);
      const bool usable = kind == AddressClass::unicast || kind == AddressClass::private_use;
      if (usable && addresses.size() < limits::kProofOutsideAddresses) addresses.insert(address);
    }
  }
  for (const IpAddress& address : addresses) {
    plan.add("refused.by-name", Method::tcp, {address, Transport::tcp, kHttps}, label);
  }
  if (!addresses.empty()) return;
  const std::string probe = label + " over " + std::string(text(family));
  if (answer.empty()) {
    plan.add_row("refused.by-name", probe, "no pinned resolver could look it up", {},
                 Mark::not_proven);
  } else {
    plan.add_row("refused.by-name", probe, "n/a: the pinned resolvers give no address", answer,
                 Mark::not_applicable);
  }
}

// The addresses inside that the resolvers give for an allowed name.
void add_inside(std::span<const Trial> lookups, RefusalPlan& plan) {
  for (const Trial& lookup : lookups) {
    if (lookup.probe.kind != KindId("refused.dns-inside")) continue;
    for (const IpAddress& address : lookup.seen.addresses) {
      const AddressClass kind = classify(address);
      if (kind != AddressClass::private_use && kind != AddressClass::metadata) continue;
      plan.add("refused.dns-inside", Method::tcp, {address, Transport::tcp, kHttps},
               "inside address of " + lookup.probe.name->text());
    }
  }
}

// With the guard no outside name has an address to connect to: its refusal is asked for elsewhere.
void add_outsider(const OutsideHost& outsider, bool has_guard, std::span<const Trial> lookups,
                  RefusalPlan& plan) {
  const DnsName& name = outsider.name;
  if (const auto opener = plan.allowed().opener(name, Transport::tcp, kHttps)) {
    return plan.skip("refused.by-address", name.text(), *opener);
  }
  for (const Family family : kFamilies) {
    if (!has_guard) add_by_name(name, family, lookups, plan);
  }
  for (const IpAddress& address : outsider.addresses) {
    plan.add("refused.by-address", Method::tcp, {address, Transport::tcp, kHttps},
             name.text() + " by address");
  }
}

void add_foreign_resolvers(RefusalPlan& plan) {
  for (const IpAddress& address : plan.outside().resolvers) {
    Probe probe = probe_for(plan.outside().hosts.back().name);
    probe.kind = "refused.dns-foreign-udp";
    probe.method = Method::dns;
    probe.endpoint = {address, Transport::udp, kDns};
    probe.label = "foreign resolver over UDP";
    plan.add(std::move(probe));
    plan.add("refused.dns-foreign-tcp", Method::tcp, {address, Transport::tcp, kDns},
             "foreign resolver over TCP");
  }
}

}  // namespace

void RefusalPlan::add(Probe probe) {
  const auto opener = allowed_.opener(counted_endpoint(probe.endpoint));
  if (opener) return skip(probe.kind, describe(probe), *opener);
  plan_.probes.push_back(std::move(probe));
}

void RefusalPlan::add(KindId kind, Method method, const Endpoint& endpoint, std::string label) {
  Probe probe;
  probe.kind = kind;
  probe.method = method;
  probe.endpoint = endpoint;
  probe.label = std::move(label);
  add(std::move(probe));
}

void RefusalPlan::add_row(KindId kind, std::string probe, std::string seen, std::string evidence,
                          Mark mark) {
  plan_.rows.push_back(
      {kind, std::move(probe), "refused", std::move(seen), std::move(evidence), mark, {}});
}

namespace {

// A and AAAA.
void look_up(KindId kind, const DnsName& name, const probe::Server& server,
             std::vector<Probe>& probes) {
  for (const Family family : kFamilies) {
    Probe probe = probe_for(name);
    probe.kind = kind;
    probe.method = Method::dns;
    probe.endpoint = {server.address, Transport::udp, server.port};
    probe.type = probe::address_type(family);
    probes.push_back(std::move(probe));
  }
}

}  // namespace

std::vector<Probe> plan_lookups(const control::ProofReply& proof, const Outside& outside) {
  std::vector<Probe> probes;
  if (is_guarded(proof)) return probes;
  for (const auto& text : proof.resolvers) {
    const auto server = parse_resolver(text);
    if (!server) continue;
    for (const OutsideHost& host : outside.hosts)
      look_up("refused.by-name", host.name, *server, probes);
    for (std::size_t i = 0; i < std::min(proof.filtered.size(), limits::kProofFiltered); ++i) {
      if (const auto name = DnsName::parse(proof.filtered[i]))
        look_up("refused.dns-inside", *name, *server, probes);
    }
  }
  return probes;
}

Plan plan_refusals(const control::ProofReply& proof, std::span<const Trial> lookups,
                   const Outside& outside) {
  RefusalPlan plan(proof, outside);
  const bool has_guard = is_guarded(proof);
  for (const OutsideHost& host : outside.hosts) add_outsider(host, has_guard, lookups, plan);
  plan_neighbourhood(proof, plan);
  plan_metadata(proof, plan);
  plan_detours(proof, plan);
  has_guard ? plan_guard_refusals(proof, plan) : add_foreign_resolvers(plan);
  add_inside(lookups, plan);
  plan_encrypted_dns(proof, plan);
  plan_packets(proof, plan);
  return plan.take();
}

}  // namespace egress::verify
