#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/judge_guard.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;
using namespace std::chrono_literals;

// Before the first retransmission of a SYN (1 s, RFC 6298 section 2): the error answers the first
// packet, and comes from no farther than this host or its link.
constexpr auto kAtOnce = 900ms;

bool is_ping(const Trial& trial) {
  return trial.probe.method == Method::ping;
}

// What `reject with tcp reset` and `reject with icmpx admin-prohibited` make of connect(2) and
// send(2). A ping has no counter of its own, so nothing but the latter counts for it: EHOSTUNREACH
// over IPv4, EACCES over IPv6.
bool is_reject_error(const Trial& trial) {
  constexpr std::array kErrors{EHOSTUNREACH, EACCES, ECONNREFUSED, EPERM};
  const auto usual = std::span(kErrors).first(is_ping(trial) ? 2 : kErrors.size());
  return std::ranges::find(usual, trial.seen.error) != usual.end();
}

// What the counters must show for all trials together: each packet of ours that was refused counts
// once.
class Evidence {
 public:
  Evidence(std::span<const Trial> trials, const Refusals& refusals, bool is_forwarded)
      : refusals_(refusals), is_forwarded_(is_forwarded) {
    for (const Trial& trial : trials) {
      const bool is_silent = may_be_silent(trial);
      if (trial.seen.outcome != Outcome::refused && !is_silent) continue;
      if (!is_ping(trial)) {
        ++trials_at_[trial.probe.endpoint];
      } else if (is_silent || is_reject_error(trial)) {
        ++pings_;
      }
    }
    std::uint64_t with_ports = 0;
    for (const auto& [endpoint, count] : trials_at_) with_ports += refusals.at(endpoint);
    elsewhere_ = refusals.total() > with_ports ? refusals.total() - with_ports : 0;
  }

  // A refusal without an error that reached whoever was refused.
  bool may_be_silent(const Trial& trial) const {
    return is_forwarded_ && trial.seen.outcome == Outcome::timeout;
  }
  // The error for an earlier packet was held back, and this one is shown to be of this host.
  bool may_be_late(const Trial& trial) const {
    return is_forwarded_ && trial.seen.offender_is_local;
  }
  bool counted(const Trial& trial) const {
    return is_ping(trial)
               ? elsewhere_ >= pings_
               : refusals_.at(trial.probe.endpoint) >= trials_at_.at(trial.probe.endpoint);
  }
  std::string text(const Trial& trial) const {
    if (is_ping(trial))
      return "refused packets beside the TCP and UDP probes +" + std::to_string(elsewhere_);
    return "egressd's counter for it +" + std::to_string(refusals_.at(trial.probe.endpoint));
  }

 private:
  const Refusals& refusals_;
  bool is_forwarded_ = false;
  std::map<Endpoint, std::uint64_t> trials_at_;
  std::uint64_t pings_ = 0;
  std::uint64_t elsewhere_ = 0;  // refused packets that went to none of the probed endpoints
};

std::string error_source(const probe::Observation& seen) {
  if (!seen.offender) return {};
  return ", error from " + seen.offender->text() +
         (seen.offender_is_local ? " (this host)" : " (not this host)");
}

void judge_error(const Trial& trial, const Evidence& evidence, Row& row) {
  const probe::Observation& seen = trial.seen;
  row.evidence = evidence.text(trial) + error_source(seen);
  if (!is_reject_error(trial)) {
    row.evidence = "not the error that egressd's reject makes; " + row.evidence;
  } else if (seen.elapsed > kAtOnce && !evidence.may_be_late(trial)) {
    row.evidence = "the error came late, so from elsewhere; " + row.evidence;
  } else if (is_ping(trial) && !seen.offender_is_local) {
    row.evidence = "not shown to come from this host; " + row.evidence;
  } else if (seen.offender && !seen.offender_is_local) {
    row.evidence = "the packet left this host; " + row.evidence;
  } else if (evidence.counted(trial)) {
    row.mark = Mark::holds;
    if (seen.elapsed <= kAtOnce) row.evidence = "at once; " + row.evidence;
  }
}

void judge_silence(const Trial& trial, const Evidence& evidence, Row& row) {
  row.evidence = "silence: dropped somewhere, or the network is dead";
  if (!evidence.may_be_silent(trial) || !evidence.counted(trial)) return;
  row.mark = Mark::holds;
  row.evidence = "this host sent no error, whose rate it limits; " + evidence.text(trial);
}

void judge_no_route(const Trial& trial, const Controls& controls, Row& row) {
  const std::string family(text(trial.probe.family()));
  if (controls.reached(trial.probe.family())) {
    row.evidence = "no route to it, although " + family + " works here";
    return;
  }
  row.mark = Mark::not_applicable;
  row.seen = "n/a: this host has no " + family + " route";
  row.evidence = "nothing can leave that way";
}

void judge_impossible(const Trial& trial, const Controls& controls, Row& row) {
  const bool is_forbidden = trial.seen.error == EPERM || trial.seen.error == EACCES;
  row.evidence = "the probe could not be made; run verify as root";
  if (!is_forbidden || !controls.is_other_user) return;
  row.mark = Mark::not_applicable;
  row.seen = "n/a: this user may not make the socket";
  row.evidence = "he cannot send it; a program with more rights is probed without --as";
}

Row judge(const Trial& trial, const Evidence& evidence, const Controls& controls) {
  Row row{trial.probe.kind,
          describe(trial.probe),
          std::string(expectation(trial.probe)),
          summary(trial.seen),
          {},
          Mark::not_proven,
          latency(trial)};
  switch (trial.seen.outcome) {
    case Outcome::reached:
    case Outcome::wrong_answer:
      row.mark = trial.probe.guard ? Mark::not_proven : Mark::leak;  // see judge_answer()
      row.evidence = "something answered";
      break;
    case Outcome::timeout:
      judge_silence(trial, evidence, row);
      break;
    case Outcome::refused:
      judge_error(trial, evidence, row);
      break;
    case Outcome::no_route:
      judge_no_route(trial, controls, row);
      break;
    case Outcome::impossible:
      judge_impossible(trial, controls, row);
      break;
  }
  return row;
}

}  // namespace

Rows judge_refusals(std::span<const Trial> trials, const Refusals& refusals,
                    const Controls& controls, const Told& told) {
  const Evidence evidence(trials, refusals, controls.is_forwarded);
  const GuardEvidence guard_evidence(trials, told);
  Rows rows;
  for (const Trial& trial : trials) {
    rows.push_back(judge(trial, evidence, controls));
    const bool is_guards = trial.probe.guard && trial.seen.was_answered();
    if (is_guards) judge_answer(trial, guard_evidence, rows.back());
  }
  return rows;
}

}  // namespace egress::verify
