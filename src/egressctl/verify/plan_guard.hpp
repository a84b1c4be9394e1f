// The probes for a host whose questions end at egressd's DNS guard.
#pragma once

#include "egressctl/verify/plan.hpp"

namespace egress::verify {

class RefusalPlan;

// That it answers for an allowed name (where no name is allowed: that it refuses one), at each
// pinned resolver's address, over UDP and TCP.
void plan_guard_works(const control::ProofReply& proof, const Outside& outside, Plan& plan);

// That it refuses names and tunnels, whomever they are sent to, and tells no address inside.
void plan_guard_refusals(const control::ProofReply& proof, RefusalPlan& plan);

}  // namespace egress::verify
