#include "egressd/reports.hpp"

#include <algorithm>
#include <map>

namespace egress::daemon {
namespace {

using engine::Standing;

std::string state_text(Standing::State state) {
  switch (state) {
    case Standing::State::resolving:
      return "resolving";
    case Standing::State::open:
      return "open";
    case Standing::State::stale:
      return "stale";
    case Standing::State::failing:
      return "failing";
  }
  return "unknown";
}

std::int64_t seconds_until(Instant end, Instant now) {
  return end == kNever ? 0
                       : std::max<std::int64_t>(1, std::chrono::ceil<seconds>(end - now).count());
}

std::string next_try(const dns::NameState& state, Instant now) {
  const Instant next = std::min(state.v4.next_ask, state.v6.next_ask);
  return next <= now ? "asking now"
                     : "next try in " + std::to_string(seconds_until(next, now)) + " s";
}

}  // namespace

std::uint64_t hits_in(const policy::AllowEntry& entry, const nft::Snapshot& live,
                      const IpAddress& first, const IpAddress& last) {
  std::uint64_t hits = 0;
  const Endpoint lowest{first, Transport{}, 0};
  for (auto at = std::ranges::lower_bound(live.hits, lowest, {}, &nft::Count::destination);
       at != live.hits.end() && at->destination.address <= last; ++at)
    if (at->destination.transport == over(entry.transport, first.family()) &&
        entry.ports.contains(at->destination.port))
      hits += at->packets;
  return hits;
}

std::optional<control::RiskReport> report_risk(const policy::AllowEntry& entry) {
  const auto risk = policy::risk_of(entry);
  if (!risk) return std::nullopt;
  return control::RiskReport{std::string(policy::text(risk->kind)), risk->why};
}

control::EntryReport report_entry(const engine::Engine& engine, const policy::AllowEntry& entry,
                                  const nft::Snapshot& live, Instant now) {
  const Standing standing = engine.standing(entry, now);
  control::EntryReport report;
  report.target = entry.target();
  report.state = state_text(standing.state);
  report.origin = entry.origin.text();
  report.added_by = entry.origin.added_by;
  report.optional = entry.is_optional;
  for (const DnsName& name : entry.except()) report.except.push_back(name.text());
  if (entry.service_domain) report.srv = entry.service_domain->text();
  report.reason = entry.reason;
  report.risk = report_risk(entry);
  report.error = standing.error;
  if (const dns::NameState* state = entry.name() ? engine.names().find(*entry.name()) : nullptr;
      state != nullptr && !standing.error.empty() && standing.state != Standing::State::open)
    report.error += ", " + next_try(*state, now);
  if (entry.until) report.until_s = seconds_until(engine.inputs().end_of(entry), now);
  for (const auto& [address, end] : standing.addresses) {
    const std::uint64_t hits =
        entry.prefix() == nullptr ? hits_in(entry, live, address, address) : 0;
    report.addresses.push_back({address.text(), seconds_until(end, now), hits});
    report.hits += hits;
  }
  if (const Prefix* prefix = entry.prefix())
    report.hits = hits_in(entry, live, prefix->first(), prefix->last());
  return report;
}

std::vector<control::RefusalReport> report_refusals(const nft::Snapshot& live, std::size_t limit) {
  std::vector<nft::Count> refusals = live.refusals;
  const auto order = [](const nft::Count& one) {
    return std::pair(std::chrono::floor<seconds>(one.left), one.packets);
  };
  std::ranges::stable_sort(refusals, std::ranges::greater{}, order);
  std::vector<control::RefusalReport> reports;
  for (const nft::Count& refusal : refusals) {
    if (reports.size() == limit) break;
    const Endpoint& to = refusal.destination;
    reports.push_back(
        {to.address.text(), std::string(text(to.transport)), to.port, refusal.packets});
  }
  return reports;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<control::RefusalReport> report_all_refusals(const nft::Snapshot& live) {
  std::map<Endpoint, std::uint64_t> counts;
  for (const auto* set : {&live.refusals, &live.probed})
    for (const nft::Count& count : *set) counts[count.destination] = count.packets;
  for (const nft::Count& count : live.verified) counts[count.destination] += count.packets;
  std::vector<control::RefusalReport> reports;
  for (const auto& [to, packets] : counts)
    reports.push_back({to.address.text(), std::string(text(to.transport)), to.port, packets});
  return reports;
}

void report_frames(const engine::Engine& engine, control::StatusReply& reply) {
  const engine::Inputs& inputs = engine.inputs();
  const bool passes_all = engine::refuses_nothing(inputs);
  for (const nft::Link& link : inputs.links) {
    std::string why = nft::left_out(link, inputs.held);
    const bool stays = link.is_loopback || is_among(inputs.held.inside, link.name) ||
                       is_among(inputs.held.ports, link.name);
    if (stays) continue;
    if (passes_all) why = "nothing is refused now";
    if (!inputs.capabilities.filters_frames) why = "this kernel cannot filter frames";
    if (why.empty() && !engine.filters_frames()) why = "the kernel refused the filter";
    if (why.empty())
      reply.held_links.push_back(link.name);
    else
      reply.unheld_links.push_back(link.name + ": " + why);
  }
}

std::vector<control::CapabilityReport> report_capabilities(const nft::Capabilities& has) {
  return {
      {"timeout update", has.updates_timeout,
       "timeouts are not updated in place: renewals take three messages each"},
      {"tolerant deletion", has.destroys, "no tolerant deletion: removals take two messages each"},
      {"log", has.logs, "no `log` statement: refusals are counted but not logged"},
      {"counts", has.counts_destinations,
       "no dynamic sets: list shows no hits, refused destinations are not remembered, verify "
       "cannot prove"},
      {"ownership", has.owns,
       "no table that outlives its owner: other programs can change it, which egressd undoes"},
      {"frame filter", has.filters_frames,
       "no egress hook of devices that asks for a route: programs with CAP_NET_RAW can send frames "
       "past the table"},
      {"redirect", has.redirects,
       "no redirect in this kernel: the DNS guard cannot be put in place; dns: poll does without"},
      {"conntrack", has.deletes_flows,
       "no conntrack access: deny does not cut connections that are open"},
      {"routes", has.asks_routes,
       "no `fib` expression: nothing enters from held interfaces, and only addresses that egressd "
       "has seen on this host are its own"},
      {"conntrack zones", has.has_zones,
       "no `ct zone set`: egressd's own questions are not tracked, and a firewall that accepts "
       "what is established drops their answers: let in what comes from the resolvers' port 53"},
      {"sockets", has.finds_sockets,
       "no `socket wildcard` expression: containers that ask a resolver of this host (Podman's, "
       "libvirt's, LXD's) are answered by the guard, which knows no neighbours"},
      {"dnat", has.leads,
       "no `dnat` statement: containers behind a link without an IPv4 address (Calico's) get no "
       "DNS "
       "over IPv4"},
  };
}

std::vector<std::string> missing_features(const nft::Capabilities& capabilities) {
  std::vector<std::string> missing;
  for (control::CapabilityReport& report : report_capabilities(capabilities))
    if (!report.present) missing.push_back(std::move(report.cost));
  return missing;
}

}  // namespace egress::daemon
