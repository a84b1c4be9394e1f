#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "adapters/probe/tcp.hpp"
#include "egress/core/address_class.hpp"
#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/judge_guard.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;

// The error answers the first packet, and comes from no farther than this host or its link.
constexpr auto kAtOnce = probe::kBeforeSecondSyn;

// No ICMP error answers it, from whomever: what is left is what send(2) says.
bool is_later_fragment(const Probe& probe) {
  return probe.method == Method::fragment && !has_own_count(probe);
}

// Groups and broadcasts end at the link on which they are sent, and of a datagram in pieces the
// connection tracking waits for all: none of them is forwarded.
bool is_never_forwarded(const Probe& probe) {
  const AddressClass kind = classify(probe.endpoint.address);
  return probe.method == Method::fragment || kind == AddressClass::multicast ||
         kind == AddressClass::unusable;
}

// What `reject with tcp reset` and `reject with icmpx admin-prohibited` make of connect(2) and
// send(2). Where there is no counter of its own nothing but the latter counts: EHOSTUNREACH over
// IPv4, EACCES over IPv6.
bool is_reject_error(const Trial& trial) {
  if (is_later_fragment(trial.probe)) return trial.seen.error == EPERM;
  constexpr std::array kErrors{EHOSTUNREACH, EACCES, ECONNREFUSED, EPERM};
  const auto usual = std::span(kErrors).first(has_own_count(trial.probe) ? kErrors.size() : 2);
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
      if (has_own_count(trial.probe)) {
        ++trials_at_[counted_endpoint(trial.probe.endpoint)];
      } else if (is_silent || is_reject_error(trial)) {
        ++without_own_count_;
      }
    }
    std::uint64_t with_ports = 0;
    for (const auto& [endpoint, count] : trials_at_) with_ports += refusals.at(endpoint);
    elsewhere_ = refusals.total() > with_ports ? refusals.total() - with_ports : 0;
  }

  // A refusal without an error that reached whoever was refused.
  bool may_be_silent(const Trial& trial) const {
    return is_forwarded_ && trial.seen.outcome == Outcome::timeout &&
           !is_never_forwarded(trial.probe);
  }
  // The error for an earlier packet was held back, and this one is shown to be of this host.
  bool may_be_late(const Trial& trial) const {
    return is_forwarded_ && trial.seen.offender_is_local;
  }
  bool counted(const Trial& trial) const {
    if (!has_own_count(trial.probe)) return elsewhere_ >= without_own_count_;
    const Endpoint at = counted_endpoint(trial.probe.endpoint);
    return refusals_.at(at) >= trials_at_.at(at);
  }
  std::string text(const Trial& trial) const {
    if (!has_own_count(trial.probe))
      return "refused packets beside the TCP and UDP probes +" + std::to_string(elsewhere_);
    const Endpoint at = counted_endpoint(trial.probe.endpoint);
    const bool has_no_room = refusals_.at(at) == 0 && refusals_.is_full(at.address.family());
    return "egressd's counter for it +" + std::to_string(refusals_.at(at)) +
           (has_no_room ? "; its counters are full, whose oldest end within the hour" : "");
  }

 private:
  const Refusals& refusals_;
  bool is_forwarded_ = false;
  std::map<Endpoint, std::uint64_t> trials_at_;
  std::uint64_t without_own_count_ = 0;
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
  } else if (!has_own_count(trial.probe) && !is_later_fragment(trial.probe) &&
             !seen.offender_is_local) {
    row.evidence = "not shown to come from this host; " + row.evidence;
  } else if (seen.offender && !seen.offender_is_local) {
    row.evidence = "the packet left this host; " + row.evidence;
  } else if (evidence.counted(trial)) {
    row.mark = Mark::holds;
    if (seen.elapsed <= kAtOnce) row.evidence = "at once; " + row.evidence;
  }
}

void judge_silence(const Trial& trial, const Evidence& evidence, const Controls& controls,
                   Row& row) {
  if (controls.is_forwarded && is_never_forwarded(trial.probe)) {
    row.mark = Mark::not_applicable;
    row.seen = "n/a: no host forwards it";
    row.evidence = "it ends at this host, so nothing can leave that way";
    return;
  }
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
  row.seen = without_route(trial.probe.family());
  row.evidence = "nothing can leave that way";
}

// What this user may not send, or this kernel cannot, a program of this user cannot either. Root
// may send everything: what keeps verify from it need not keep others.
void judge_impossible(const Trial& trial, const Controls& controls, Row& row) {
  constexpr std::array kNoRight{EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPERM, EACCES};
  const auto kinds = std::span(kNoRight).first(controls.is_root ? 2 : kNoRight.size());
  const bool is_packet =
      trial.probe.method == Method::packet || trial.probe.method == Method::fragment;
  const bool is_from_port = trial.probe.source_port != 0;
  const bool has_no_right = std::ranges::find(kinds, trial.seen.error) != kinds.end();
  row.evidence = controls.is_root ? "the probe could not be made, although root makes it: look for "
                                    "what forbids it (a sandbox, an LSM)"
                                  : "the probe could not be made; run verify as root";
  if (has_no_right && (is_packet || is_from_port || controls.is_other_user)) {
    row.mark = Mark::no_right;
    row.seen = "n/a: this user may not make the socket";
    row.evidence = "cannot be tried here, and cannot be sent for the same reason; as root it is";
  } else if (is_from_port && trial.seen.error == EADDRINUSE) {
    row.mark = Mark::not_applicable;
    row.seen = "n/a: another program has the port";
    row.evidence = "cannot be tried here, and cannot be sent by others for the same reason";
  }
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
      judge_silence(trial, evidence, controls, row);
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
