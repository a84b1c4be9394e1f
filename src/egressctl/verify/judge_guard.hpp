// What answers to questions that end at egressd's DNS guard prove. Pure.
#pragma once

#include <map>
#include <span>
#include <string>

#include "egressctl/verify/probe.hpp"
#include "egressctl/verify/report.hpp"
#include "egressctl/verify/told.hpp"

namespace egress::verify {

// Whether the answer is a refusal that says it is egressd's: NXDOMAIN or REFUSED without data, with
// Extended DNS Error 15 (RFC 8914 section 4.16) whose text begins with our name.
bool is_refusal_of_ours(const probe::Observation& seen);

// What the guard's counts must show for all trials together: each of its answers counts once.
// Without that, an egressd further up could pass for the one of this host.
class GuardEvidence {
 public:
  GuardEvidence(std::span<const Trial> trials, const Told& told);

  bool is_counted(const Trial& trial) const;
  std::string text(const Trial& trial) const;

 private:
  const Told& told_;
  std::map<std::string, std::uint64_t> trials_;  // by the verdict that the guard must have come to
};

// Of a trial that was answered.
void judge_answer(const Trial& trial, const GuardEvidence& evidence, Row& row);

// "refused", "no data": what a row expects.
std::string_view expectation(const Probe& probe);

}  // namespace egress::verify
