#include <algorithm>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egressctl/verify/guard_questions.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/plan_guard.hpp"
#include "egressctl/verify/refusal_plan.hpp"

namespace egress::verify {

namespace {

using control::ProofReply;

// "egressd verify: data in labels" in hexadecimal, as a tunnel would send it.
constexpr std::string_view kData = "65677265737364207665726966793a206461746120696e206c6162656c73";

// The hosts by which DNS goes on over HTTPS.
void refuse_doh_names(const IpAddress& server, RefusalPlan& plan) {
  for (const auto& [name, addresses] : plan.outside().doh) {
    const std::string label = name.text() + " by name";
    if (const auto opener = plan.allowed().opener(name))
      plan.skip("refused.dns-name", label, *opener);
    else
      plan.ask_guard(question("refused.dns-name", label, server, name, GuardAnswer::refusal));
  }
}

// Outside names, at a pinned resolver's address: one at each, the others at the first.
void refuse_names(const ProofReply& proof, RefusalPlan& plan) {
  const auto servers = asked_at(proof, plan.outside());
  for (const auto& [name, addresses] : plan.outside().hosts) {
    const std::string label = name.text() + " by name";
    const auto opener = plan.allowed().opener(name);
    if (opener) plan.skip("refused.dns-name", label, *opener);
    if (opener) continue;
    const Probe probe =
        question("refused.dns-name", label, servers.front(), name, GuardAnswer::refusal);
    plan.ask_guard(probe);
    plan.ask_guard(with_type(probe, probe::kTypeAaaa));
  }
  refuse_doh_names(servers.front(), plan);
  const auto unlisted = unlisted_name(plan.allowed(), plan.outside());
  if (!unlisted) return;
  for (const IpAddress& server : servers) {
    const Probe probe = question("refused.dns-name", unlisted->text() + " by name", server,
                                 *unlisted, GuardAnswer::refusal);
    if (server != servers.front()) plan.ask_guard(probe);
    plan.ask_guard(over(probe, Transport::tcp));
  }
}

// The same past the system's resolvers.
void refuse_foreign_resolvers(const DnsName& unlisted, RefusalPlan& plan) {
  for (const IpAddress& address : plan.outside().resolvers) {
    const Probe probe = question("refused.dns-foreign-udp", "foreign resolver over UDP", address,
                                 unlisted, GuardAnswer::refusal);
    plan.ask_guard(probe);
    Probe stream = over(probe, Transport::tcp);
    stream.kind = "refused.dns-foreign-tcp";
    stream.label = "foreign resolver over TCP";
    plan.ask_guard(std::move(stream));
  }
}

void refuse_tunnel(const IpAddress& at, const DnsName& base, RefusalPlan& plan) {
  const auto name = DnsName::parse(std::string(kData) + "." + base.text());
  if (!name) return;  // there is no room for data below it
  const auto guard = plan.allowed().opener(*name) ? GuardAnswer::no_data : GuardAnswer::refusal;
  plan.ask_guard(
      with_type(question("refused.dns-tunnel", "TXT tunnel", at, *name, guard), probe::kTypeTxt));
}

std::optional<DnsName> first_wildcard_base(const ProofReply& proof) {
  for (const auto& endpoint : proof.endpoints) {
    if (const auto base = wildcard_base(endpoint.host)) return base;
  }
  return std::nullopt;
}

// What the answers about allowed names may carry beside addresses, and below them.
void refuse_data(const ProofReply& proof, RefusalPlan& plan) {
  const IpAddress server = asked_at(proof, plan.outside()).front();
  if (const auto base = first_wildcard_base(proof)) refuse_tunnel(server, *base, plan);
  const auto allowed = allowed_names(proof);
  if (allowed.empty()) return;
  const DnsName& name = allowed.front().name;
  refuse_tunnel(server, name, plan);
  plan.ask_guard(
      with_type(question("refused.dns-hints", "address hints", server, name, GuardAnswer::no_data),
                probe::kTypeHttps));
}

// What DNS may not open. Several entries may name it, or cover it.
void refuse_inside(const DnsName& name, const ProofReply& proof, RefusalPlan& plan) {
  Probe probe = question("refused.dns-inside", "inside addresses",
                         asked_at(proof, plan.outside()).front(), name, GuardAnswer::no_inside);
  for (const auto& endpoint : proof.endpoints) {
    if (!covers(endpoint.host, name)) continue;
    probe.allows_private = probe.allows_private || endpoint.private_answers;
    probe.allows_metadata = probe.allows_metadata || endpoint.metadata;
  }
  plan.ask_guard(probe);
  plan.ask_guard(with_type(probe, probe::kTypeAaaa));
}

// Not listed, they are refused like any other; below a listed wildcard their answers are filtered.
void refuse_inside_names(const ProofReply& proof, RefusalPlan& plan) {
  for (const DnsName& name : plan.outside().inside_names) {
    if (plan.allowed().opener(name)) {
      refuse_inside(name, proof, plan);
      continue;
    }
    plan.ask_guard(question("refused.dns-inside", "name of an inside address",
                            asked_at(proof, plan.outside()).front(), name, GuardAnswer::refusal));
  }
}

void refuse_inside(const ProofReply& proof, RefusalPlan& plan) {
  refuse_inside_names(proof, plan);
  const std::size_t asked = std::min(proof.filtered.size(), limits::kProofFiltered);
  for (std::size_t i = 0; i < asked; ++i) {
    if (const auto name = DnsName::parse(proof.filtered[i])) refuse_inside(*name, proof, plan);
  }
  if (asked == proof.filtered.size()) return;
  plan.add_row("refused.dns-inside",
               std::to_string(proof.filtered.size() - asked) + " more names with inside addresses",
               "verify asks for at most " + std::to_string(asked), {}, Mark::not_probed);
}

}  // namespace

void plan_guard_refusals(const ProofReply& proof, RefusalPlan& plan) {
  refuse_names(proof, plan);
  if (const auto unlisted = unlisted_name(plan.allowed(), plan.outside())) {
    refuse_foreign_resolvers(*unlisted, plan);
    refuse_tunnel(asked_at(proof, plan.outside()).front(), *unlisted, plan);
    refuse_tunnel(plan.outside().resolvers.front(), *unlisted, plan);
  }
  refuse_data(proof, plan);
  refuse_inside(proof, plan);
}

}  // namespace egress::verify
