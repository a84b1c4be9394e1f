#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "egress/core/text.hpp"
#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/judge_guard.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;

// What may stand in for one another: the resolvers; the addresses of one target and family.
using StandIns = std::pair<std::string, int>;
StandIns stand_ins_of(const Probe& probe) {
  return {probe.target, probe.method == Method::dns ? 0 : static_cast<int>(probe.family())};
}

bool is_as_wanted(const Trial& trial) {
  return trial.probe.guard == GuardAnswer::refusal ? is_refusal_of_ours(trial.seen)
                                                   : trial.seen.outcome == Outcome::reached;
}

Mark failed(const Probe& probe) {
  return probe.is_optional ? Mark::warning : Mark::fails;
}

Row judge(const Trial& trial, const Refusals& refusals, const Controls& controls) {
  const bool is_refusal = trial.probe.guard == GuardAnswer::refusal;
  Row row{trial.probe.kind,
          describe(trial.probe),
          is_refusal ? "refused" : "works",
          summary(trial.seen),
          {},
          failed(trial.probe),
          latency(trial)};
  if (trial.seen.extended_error) row.evidence = quoted(trial.seen.extended_error->text);
  const std::uint64_t refused = refusals.at(trial.probe.endpoint);
  if (is_as_wanted(trial)) {
    row.mark = Mark::holds;
    if (!trial.probe.element.empty()) row.evidence = "by " + trial.probe.element;
  } else if (refused > 0) {
    row.evidence = "egressd refused it: its counter moved by " + std::to_string(refused);
  } else if (trial.seen.outcome == Outcome::no_route && !controls.reached(trial.probe.family())) {
    row.mark = Mark::not_applicable;
    row.seen = without_route(trial.probe.family());
  }
  return row;
}

// The guard is at every resolver's address: none of them can be down alone.
bool is_excusable(const Trial& trial, const Row& row, const Refusals& refusals) {
  return row.mark == Mark::fails && !trial.probe.guard && refusals.at(trial.probe.endpoint) == 0;
}

}  // namespace

Controls controls_of(std::span<const Trial> works) {
  Controls controls;
  for (const Trial& trial : works) {
    if (is_within_host(trial.probe)) continue;
    const bool is_dns = trial.probe.method == Method::dns;
    controls.has_guard = controls.has_guard || trial.probe.guard.has_value();
    if (!trial.seen.was_answered()) continue;
    if (trial.probe.guard)
      controls.resolver_answers = controls.resolver_answers || is_as_wanted(trial);
    if (trial.probe.guard) continue;
    (trial.probe.family() == Family::ipv4 ? controls.reached_v4 : controls.reached_v6) = true;
    if (is_dns && trial.seen.rcode) controls.resolver_answers = true;
    const bool connects =
        !is_dns && trial.probe.method != Method::ping;  // an echo is no connection
    if (connects && trial.seen.outcome == Outcome::reached) controls.endpoint_connects = true;
  }
  return controls;
}

Rows judge_works(std::span<const Trial> trials, const Refusals& refusals) {
  const Controls controls = controls_of(trials);
  Rows rows;
  std::set<StandIns> working_groups;
  std::set<std::string> working_targets;
  for (const Trial& trial : trials) {
    rows.push_back(judge(trial, refusals, controls));
    if (rows.back().mark != Mark::holds) continue;
    working_groups.insert(stand_ins_of(trial.probe));
    working_targets.insert(trial.probe.target);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Probe& probe = trials[i].probe;
    if (working_groups.contains(stand_ins_of(probe)) &&
        is_excusable(trials[i], rows[i], refusals)) {
      rows[i].mark = Mark::warning;
      rows[i].evidence = "another address of it works";
    } else if (rows[i].mark == Mark::not_applicable && !working_targets.contains(probe.target)) {
      rows[i].mark = failed(probe);
      rows[i].evidence = "no address of it works";
    }
  }
  return rows;
}

}  // namespace egress::verify
