#include "egressctl/verify/flows.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "adapters/probe/payloads.hpp"
#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/outsiders.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;

constexpr KindId kRevoked = "refused.revoked";
constexpr const char* kOpenFlow = "an open flow, revoked";
constexpr const char* kWhoeverAsks = "whoever asks this host";
constexpr std::array<std::string_view, 2> kNobodys{"198.51.100.254", "2001:db8:ffff:ffff::fe"};

Endpoint nobodys(std::string_view address) {
  return {literal(address), Transport::udp, kDiscard};
}

std::uint64_t hits_of(const control::ProofReply& proof, const std::string& target) {
  const auto entry = std::ranges::find(proof.endpoints, target, &control::ProvableEndpoint::target);
  return entry == proof.endpoints.end() || entry->addresses.empty() ? 0
                                                                    : entry->addresses.front().hits;
}

bool has_no_right(const probe::Observation& seen) {
  return seen.outcome == Outcome::impossible && (seen.error == EPERM || seen.error == EACCES);
}

// False: it was made, or for another reason it was not.
bool judge_unmade(const Trial& trial, Row& row) {
  const bool has_no_route = trial.seen.outcome == Outcome::no_route;
  if (!has_no_route && !has_no_right(trial.seen)) return false;
  row.mark = Mark::not_applicable;
  row.seen =
      has_no_route ? without_route(trial.probe.family()) : "n/a: this user may not make the socket";
  if (!has_no_route) row.evidence = "as root, without --as, it is tried";
  return true;
}

}  // namespace

std::vector<Probe> plan_inbound() {
  std::vector<Probe> probes;
  for (const std::string_view address : kNobodys) {
    Probe probe;
    probe.kind = "works.inbound";
    probe.method = Method::answer_flow;
    probe.endpoint = nobodys(address);
    probe.target = probe.label = kWhoeverAsks;
    probe.tries = probe::Tries::once;
    probes.push_back(std::move(probe));
  }
  return probes;
}

std::vector<std::string> plan_grant(const control::ProofReply& proof) {
  const Allowed allowed(proof);
  std::vector<std::string> targets;
  for (const std::string_view address : kNobodys) {
    const Endpoint endpoint = nobodys(address);
    if (!allowed.opener(endpoint)) targets.push_back(endpoint.text());
  }
  return targets;
}

std::vector<Probe> plan_granted_flows(std::span<const std::string> granted, Port source) {
  std::vector<Probe> probes;
  for (const std::string_view address : kNobodys) {
    Probe probe;
    probe.kind = kRevoked;
    probe.method = Method::open_flow;
    probe.endpoint = nobodys(address);
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
                                 const control::ProofReply& after) {
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
    if (flow.seen.outcome == Outcome::reached)
      row.evidence = "the flow was not established: its datagrams were admitted " +
                     std::to_string(counted) + " times instead of once";
    else if (!judge_unmade(flow, row))
      row.evidence = "the flow could not be opened while it was allowed";
    result.rows.push_back(std::move(row));
  }
  return result;
}

Rows judge_inbound(std::span<const Trial> trials, const Refusals& refusals) {
  Rows rows;
  for (const Trial& trial : trials) {
    rows.push_back({trial.probe.kind,
                    describe(trial.probe),
                    "works",
                    summary(trial.seen),
                    {},
                    Mark::not_proven,
                    latency(trial)});
    Row& row = rows.back();
    if (trial.seen.outcome == Outcome::reached) {
      row.mark = Mark::holds;
      row.seen = "let go";
    } else if (trial.seen.outcome == Outcome::refused) {
      row.mark = Mark::fails;
      row.evidence =
          "egressd's counter for it +" + std::to_string(refusals.at(trial.probe.endpoint));
    } else if (!judge_unmade(trial, row)) {
      row.evidence = "what was made up did not arrive, so nothing was answered";
    }
  }
  return rows;
}

Row untried(KindId kind, std::string seen, std::string evidence, Mark mark) {
  const bool is_inbound = kind == KindId("works.inbound");
  return {kind,
          is_inbound ? kWhoeverAsks : kOpenFlow,
          is_inbound ? "works" : "refused",
          std::move(seen),
          std::move(evidence),
          mark,
          {}};
}

}  // namespace egress::verify
