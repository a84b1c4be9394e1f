// UDP flows with somebody who does not exist, at addresses of documentation (RFC 5737, RFC 3849)
// that no network carries far: verify plays him itself (adapters/probe/flow.hpp). One that he
// began is answered, whatever the policy says; one that was allowed goes no further once that is
// revoked. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "egressctl/verify/plan.hpp"
#include "egressctl/verify/refusals.hpp"

namespace egress::verify {

// works.inbound, in both families.
std::vector<Probe> plan_inbound();
Rows judge_inbound(std::span<const Trial> trials, const Refusals& refusals);

// What has to be allowed for a moment: "udp/198.51.100.254:9", ...; none that the policy allows.
std::vector<std::string> plan_grant(const control::ProofReply& proof);
// The flows to there, begun from this port.
std::vector<Probe> plan_granted_flows(std::span<const std::string> granted, Port source);

// What became of the flows while they were allowed, between two readings of the policy.
struct GrantedFlows {
  std::vector<Probe> revoked;  // the next datagram of each that was established
  Rows rows;                   // of the others
};
GrantedFlows judge_granted_flows(std::span<const Trial> flows, const control::ProofReply& before,
                                 const control::ProofReply& after);

// Either kind as a whole could not be tried.
Row untried(KindId kind, std::string seen, std::string evidence, Mark mark);

}  // namespace egress::verify
