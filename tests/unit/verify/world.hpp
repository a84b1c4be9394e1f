// A network and a daemon that answer a whole run of `verify`, without a socket.
#pragma once

#include <cerrno>
#include <functional>
#include <span>
#include <vector>

#include "fixtures.hpp"

namespace egress::verify {

using Network = std::function<probe::Observation(const Probe&)>;

// What the DNS guard answers for the names of guarded_policy().
inline probe::Observation guard_answer(const Probe& probe) {
  switch (*probe.guard) {
    case GuardAnswer::addresses:
      return answer(0, {ip(probe.type == probe::kTypeA ? "192.0.2.1" : "2001:db8::1")});
    case GuardAnswer::no_data:
      return answer(0, {});
    default:
      return refused_by_guard();
  }
}

// What is allowed works: the resolver answers, and every endpoint.
inline probe::Observation allowed_answer(const Probe& probe) {
  if (probe.guard) return guard_answer(probe);
  return probe.method == Method::dns ? answer(0, {ip("192.0.2.1")}) : reached();
}

// What is not is refused by the guard, or as egressd's table rejects it.
inline probe::Observation closed_answer(const Probe& probe) {
  if (probe.guard) return guard_answer(probe);
  probe::Observation seen = outcome(probe::Outcome::refused, ECONNREFUSED);
  if (probe.method == Method::tcp || probe.method == Method::tls) return seen;
  if (probe.method == Method::fragment && probe.endpoint.port == 0)
    return outcome(probe::Outcome::refused, EPERM);
  seen.error = EHOSTUNREACH;
  seen.offender = ip("10.0.0.77");
  seen.offender_is_local = true;
  return seen;
}

inline std::vector<Trial> observe(const std::vector<Probe>& probes, const Network& network) {
  std::vector<Trial> trials;
  for (const auto& probe : probes) trials.push_back({probe, network(probe)});
  return trials;
}

struct World {
  control::ProofReply proof = small_policy();
  Network allowed = allowed_answer;
  Network outside = closed_answer;
  bool counts = true;             // the daemon's counters move for what is refused
  bool is_guard_counting = true;  // and those of its guard for what it answers

  Report verify() const;

 private:
  control::RefusalsReply counted(std::span<const Trial> trials) const;
  control::DnsReply told(std::span<const Trial> trials) const;
};

inline control::RefusalsReply World::counted(std::span<const Trial> trials) const {
  control::RefusalsReply reply;
  if (!counts) return reply;
  for (const Trial& trial : trials) {
    if (trial.seen.outcome != probe::Outcome::refused) continue;
    ++reply.refused_packets;
    if (has_own_count(trial.probe))
      reply.refusals.push_back(refusal(counted_endpoint(trial.probe.endpoint), 1));
  }
  return reply;
}

// As the guard counts: by what it answered.
inline control::DnsReply World::told(std::span<const Trial> trials) const {
  control::DnsReply reply = guard_counts({{"refused", 0}, {"filtered", 0}, {"no data", 0}});
  if (!is_guard_counting) return reply;
  for (const Trial& trial : trials) {
    if (!trial.probe.guard || !trial.seen.was_answered()) continue;
    const bool is_filter = trial.probe.guard == GuardAnswer::no_inside;
    const std::size_t verdict = !trial.seen.extended_error ? 2 : is_filter ? 1 : 0;
    ++reply.counts[verdict].questions;
  }
  return reply;
}

inline Report World::verify() const {
  const Plan must_work = plan_works(proof);
  const auto works = observe(must_work.probes, allowed);
  const auto lookups = observe(plan_lookups(proof), [this](const Probe& probe) {
    probe::Observation seen = allowed(probe);
    if (!seen.addresses.empty()) seen.addresses = {ip("203.0.113.9")};
    return seen;
  });
  const Plan must_not = plan_refusals(proof, lookups);
  const auto refused = observe(must_not.probes, outside);
  Findings findings;
  findings.is_audit = proof.mode == "audit";
  findings.controls = controls_of(works);
  findings.works = judge_works(works, {{}, {}});
  const auto add = [](Rows& rows, const Rows& more) {
    rows.insert(rows.end(), more.begin(), more.end());
  };
  add(findings.works, must_work.rows);
  add(findings.works, judge_answers(observe(plan_answers(proof), allowed), proof));
  findings.refusals =
      judge_refusals(refused, {{}, counted(refused)}, findings.controls, {told({}), told(refused)});
  add(findings.refusals, must_not.rows);
  findings.truths = {judge_table(proof.table)};
  return conclude(findings);
}

}  // namespace egress::verify
