#include "egressctl/verify/judge_guard.hpp"

#include <algorithm>

#include "egress/core/address_class.hpp"
#include "egress/core/text.hpp"

namespace egress::verify {

namespace {

constexpr int kNoError = 0;
constexpr int kNxDomain = 3;
constexpr int kRefused = 5;
constexpr std::uint16_t kBlocked = 15;  // RFC 8914 section 4.16
constexpr std::string_view kWho = "egressd";

bool is_no_data(const probe::Observation& seen) {
  return seen.rcode == kNoError && seen.records == 0 && !seen.is_truncated;
}

bool is_inside(const IpAddress& address, const Probe& probe) {
  switch (classify(address)) {
    case AddressClass::unicast:
      return false;
    case AddressClass::private_use:
      return !probe.allows_private;
    case AddressClass::loopback:
    case AddressClass::metadata:
      return !probe.allows_metadata;
    default:
      return true;
  }
}

// The verdict (control::DnsCount) that the guard must have come to, if the answer is its own.
std::string verdict_of(const Trial& trial) {
  const bool is_filter = trial.probe.guard == GuardAnswer::no_inside;
  if (is_refusal_of_ours(trial.seen)) return is_filter ? "filtered" : "refused";
  const bool is_empty = trial.probe.guard == GuardAnswer::no_data && is_no_data(trial.seen);
  return is_empty ? "no data" : "";
}

std::string seen_text(const probe::Observation& seen) {
  if (!seen.rcode) return summary(seen);
  std::string text = probe::rcode_text(*seen.rcode);
  if (seen.rcode == kNoError && seen.records == 0) text = "NODATA";
  if (seen.records > 0) text += ", records: " + std::to_string(seen.records);
  if (seen.is_truncated) text += ", truncated";
  if (const auto& error = seen.extended_error)
    text += ", EDE " + std::to_string(error->code) + " " + quoted(error->text);
  return text;
}

void judge_ours(const Trial& trial, const GuardEvidence& evidence, Row& row) {
  const bool is_counted = evidence.is_counted(trial);
  row.mark = is_counted ? Mark::holds : Mark::not_proven;
  row.evidence = (is_counted ? "" : "not shown to be of this host; ") + evidence.text(trial);
}

// An answer that gives addresses, or none, and needs no count: what it holds is what was seen.
void judge_addresses(const Trial& trial, Row& row) {
  for (const IpAddress& address : trial.seen.addresses) {
    if (!is_inside(address, trial.probe)) continue;
    row.mark = Mark::leak;
    row.evidence = address.text() + " came back: " + std::string(text(classify(address)));
    return;
  }
  if (trial.seen.rcode != kNoError || trial.seen.is_truncated) return;
  row.mark = Mark::holds;
  row.evidence = "addresses outside: " + std::to_string(trial.seen.addresses.size());
}

}  // namespace

bool is_refusal_of_ours(const probe::Observation& seen) {
  const bool is_refusal = seen.rcode == kNxDomain || seen.rcode == kRefused;
  const auto& error = seen.extended_error;
  return is_refusal && seen.records == 0 && error && error->code == kBlocked &&
         error->text.starts_with(kWho);
}

GuardEvidence::GuardEvidence(std::span<const Trial> trials, const Told& told) : told_(told) {
  for (const Trial& trial : trials) {
    if (trial.probe.guard) ++trials_[verdict_of(trial)];
  }
}

bool GuardEvidence::is_counted(const Trial& trial) const {
  const std::string verdict = verdict_of(trial);
  return told_.moved(verdict) >= trials_.at(verdict);
}

std::string GuardEvidence::text(const Trial& trial) const {
  const std::string verdict = verdict_of(trial);
  return "egressd's count of answers \"" + verdict + "\" +" + std::to_string(told_.moved(verdict));
}

void judge_answer(const Trial& trial, const GuardEvidence& evidence, Row& row) {
  const probe::Observation& seen = trial.seen;
  row.seen = seen_text(seen);
  row.evidence = "answered, but not shown to be by egressd";
  if (!verdict_of(trial).empty()) {
    judge_ours(trial, evidence, row);
  } else if (trial.probe.guard == GuardAnswer::no_inside) {
    judge_addresses(trial, row);
  } else if (seen.records > 0) {
    row.mark = Mark::leak;
    row.evidence = "data came back";
  }
}

std::string_view expectation(const Probe& probe) {
  if (probe.guard == GuardAnswer::no_data) return "no data";
  return probe.guard == GuardAnswer::no_inside ? "none inside" : "refused";
}

}  // namespace egress::verify
