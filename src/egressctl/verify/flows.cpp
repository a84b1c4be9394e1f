#include "egressctl/verify/flows.hpp"

#include <algorithm>
#include <array>

#include "adapters/probe/neighbour.hpp"
#include "adapters/probe/payloads.hpp"
#include "egressctl/verify/allowed.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;

constexpr KindId kRevoked = "refused.revoked";
constexpr const char* kOpenFlow = "an open flow, revoked";
constexpr const char* kWhoeverAsks = "whoever asks this host";

Endpoint neighbours(Family family) {
  return {probe::neighbours_address(family), Transport::udp, probe::kNeighboursPort};
}

std::uint64_t hits_of(const control::ProofReply& proof, const std::string& target) {
  const auto entry = std::ranges::find(proof.endpoints, target, &control::ProvableEndpoint::target);
  return entry == proof.endpoints.end() || entry->addresses.empty() ? 0
                                                                    : entry->addresses.front().hits;
}

// False: it has a route.
bool judge_routeless(const Trial& trial, Row& row) {
  if (trial.seen.outcome != Outcome::no_route) return false;
  row.mark = Mark::not_applicable;
  row.seen = without_route(trial.probe.family());
  return true;
}

// Why the flow was never one that could be revoked.
void judge_unopened(const Trial& flow, std::uint64_t counted, bool is_forwarded, Row& row) {
  if (flow.seen.outcome == Outcome::reached) {
    row.evidence = "the flow was not established: its datagrams were admitted " +
                   std::to_string(counted) + " times instead of once";
  } else if (!judge_routeless(flow, row)) {
    row.evidence = "the flow could not be opened while it was allowed";
    if (!is_forwarded) return;
    row.mark = Mark::not_applicable;
    row.seen = "n/a: no flow to it can be opened from there";
    row.evidence = "while it was allowed something else stopped it, as it would afterwards";
  }
}

}  // namespace

std::vector<Probe> plan_inbound() {
  std::vector<Probe> probes;
  for (const Family family : kFamilies) {
    Probe probe;
    probe.kind = "works.inbound";
    probe.method = Method::answer_flow;
    probe.endpoint = neighbours(family);
    probe.target = probe.label = kWhoeverAsks;
    probe.tries = probe::Tries::once;
    probes.push_back(std::move(probe));
  }
  return probes;
}

std::vector<std::string> plan_grant(const control::ProofReply& proof) {
  const Allowed allowed(proof);
  std::vector<std::string> targets;
  for (const Family family : kFamilies) {
    const Endpoint endpoint = neighbours(family);
    if (!allowed.opener(endpoint)) targets.push_back(endpoint.text());
  }
  return targets;
}

std::vector<Probe> plan_granted_flows(std::span<const std::string> granted, Port source) {
  std::vector<Probe> probes;
  for (const Family family : kFamilies) {
    Probe probe;
    probe.kind = kRevoked;
    probe.method = Method::open_flow;
    probe.endpoint = neighbours(family);
    probe.target = probe.endpoint.text();
    probe.label = kOpenFlow;
    probe.source_port = source;
    if (std::ranges::find(granted, probe.target) != granted.end())
      probes.push_back(std::move(probe));
  }
  return probes;
}

// Of an established flow only the first datagram comes to the elements and counts.
GrantedFlows judge_granted_flows(std::span<const Trial> flows, const control::ProofReply& before,
                                 const control::ProofReply& after, bool is_forwarded) {
  GrantedFlows result;
  for (const Trial& flow : flows) {
    const std::uint64_t counted =
        hits_of(after, flow.probe.target) - hits_of(before, flow.probe.target);
    if (flow.seen.outcome == Outcome::reached && counted == 1) {
      Probe next = flow.probe;
      next.method = Method::datagram;
      next.payload = probe::plain_text();
      next.tries = probe::Tries::once;
      result.revoked.push_back(std::move(next));
      continue;
    }
    Row row{kRevoked, describe(flow.probe), "refused", summary(flow.seen),
            {},       Mark::not_proven,     {}};
    judge_unopened(flow, counted, is_forwarded, row);
    result.rows.push_back(std::move(row));
  }
  return result;
}

bool leaves_out_flows(const std::vector<std::string>& listed) {
  return std::ranges::none_of(listed, [](const auto& item) { return item.ends_with("/udp"); });
}

Rows judge_inbound(std::span<const Trial> trials, const Refusals& refusals,
                   const std::vector<std::string>& listed) {
  Rows rows;
  for (const Trial& trial : trials) {
    rows.push_back({trial.probe.kind,
                    describe(trial.probe),
                    listed.empty() ? "works" : "refused",
                    summary(trial.seen),
                    {},
                    Mark::not_proven,
                    latency(trial)});
    Row& row = rows.back();
    if (trial.seen.outcome == Outcome::reached) {
      row.mark = listed.empty() ? Mark::holds : Mark::leak;
      row.seen = "arrived";
    } else if (trial.seen.outcome == Outcome::refused) {
      const bool is_counted = refusals.at(trial.probe.endpoint) > 0;
      row.mark = listed.empty() ? Mark::fails : is_counted ? Mark::holds : Mark::not_proven;
      row.evidence =
          "egressd's counter for it +" + std::to_string(refusals.at(trial.probe.endpoint));
    } else if (!judge_routeless(trial, row)) {
      row.evidence = trial.seen.detail.empty() ? "the answer did not arrive" : trial.seen.detail;
    }
  }
  return rows;
}

Row untried(KindId kind, std::string seen, std::string evidence, Mark mark) {
  const bool is_inbound = kind == KindId("works.inbound");
  const bool is_flow = kind == kRevoked;
  return {kind,
          is_inbound ? kWhoeverAsks
          : is_flow  ? kOpenFlow
                     : std::string(kind.title()),
          is_inbound ? "works"
          : is_flow  ? "refused"
                     : "heard by nobody",
          std::move(seen),
          std::move(evidence),
          mark,
          {}};
}

}  // namespace egress::verify
