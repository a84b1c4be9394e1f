#include <algorithm>
#include <cerrno>

#include "adapters/probe/neighbour.hpp"
#include "egressctl/verify/sources.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;

constexpr KindId kRelated = "source.related";

// Nobody has begun it: whether the error can be made at all is all that it shows.
Endpoint nobodys_flow() {
  return {IpAddress::parse("198.51.100.253").value(), Transport::udp, probe::kNeighboursPort};
}

bool is_without_right(const Trial& trial) {
  return trial.seen.outcome == Outcome::impossible &&
         (trial.seen.error == EPERM || trial.seen.error == EACCES);
}

bool is_sent(const Trial& trial) {
  return trial.seen.outcome == Outcome::timeout;
}

}  // namespace

std::vector<Probe> plan_related(std::span<const Endpoint> flows) {
  std::vector<Probe> probes;
  const std::vector<Endpoint> nobodys{nobodys_flow()};
  for (const Endpoint& flow : flows.empty() ? std::span<const Endpoint>(nobodys) : flows) {
    Probe probe;
    probe.kind = kRelated;
    probe.method = Method::error;
    probe.label = "about a flow that another has begun";
    probe.endpoint = {probe::neighbours_address(flow.address.family()), Transport::udp,
                      probe::kNeighboursPort};
    probe.flow = flow;
    probe.tries = probe::Tries::once;
    probes.push_back(std::move(probe));
  }
  return probes;
}

Rows judge_related(std::span<const Trial> trials, const Refusals& refusals, std::uint64_t heard,
                   const Controls& controls) {
  const auto held_back =
      static_cast<std::uint64_t>(std::ranges::count_if(trials, [&](const Trial& trial) {
        return is_dropped(trial) || (is_sent(trial) && heard == 0);
      }));
  const bool is_counted = refusals.total() >= held_back;
  Rows rows;
  for (const Trial& trial : trials) {
    rows.push_back({trial.probe.kind,
                    describe(trial.probe),
                    "refused",
                    summary(trial.seen),
                    {},
                    Mark::not_proven,
                    latency(trial)});
    Row& row = rows.back();
    row.evidence = "refused packets +" + std::to_string(refusals.total());
    if (is_without_right(trial)) {
      judge_unmade(trial, controls, row);
    } else if (is_sent(trial) && heard > 0) {
      row.mark = Mark::leak;
      row.seen = "heard by whom it went to";
      row.evidence = "packets that he was sent: " + std::to_string(heard);
    } else if (is_sent(trial) || is_dropped(trial)) {
      row.seen = is_sent(trial) ? "heard by nobody" : row.seen;
      row.mark = is_counted ? Mark::holds : Mark::not_proven;
      if (!is_counted) row.evidence = "not shown to be refused by egressd; " + row.evidence;
    } else if (trial.seen.outcome == Outcome::no_route) {
      row.mark = Mark::not_applicable;
      row.seen = without_route(trial.probe.family());
      row.evidence = "nothing can leave that way";
    }
  }
  return rows;
}

bool all_without_right(std::span<const Trial> trials) {
  return !trials.empty() && std::ranges::all_of(trials, is_without_right);
}

}  // namespace egress::verify
