// Which probes prove a policy. Pure: two steps, since what an outside name resolves to is only
// known after the first.
#pragma once

#include <span>
#include <vector>

#include "control/messages.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/probe.hpp"
#include "egressctl/verify/report.hpp"

namespace egress::verify {

struct Plan {
  std::vector<Probe> probes;
  Rows rows;  // settled without a probe: allowed by policy, nothing to connect to, ...
};

// Everything that must work, the positive controls among it.
Plan plan_works(const control::ProofReply& proof, const Outside& outside = well_known());

// With `dns: guard`: the questions about a few allowed names, A and AAAA of each, whose answers
// must be open; see judge_answers().
std::vector<Probe> plan_answers(const control::ProofReply& proof,
                                const Outside& outside = well_known());

// Without: the questions about names that must be refused: A and AAAA of each from every pinned
// resolver.
std::vector<Probe> plan_lookups(const control::ProofReply& proof,
                                const Outside& outside = well_known());

// Everything that must be refused. `lookups`: what became of plan_lookups().
Plan plan_refusals(const control::ProofReply& proof, std::span<const Trial> lookups,
                   const Outside& outside = well_known());

}  // namespace egress::verify
