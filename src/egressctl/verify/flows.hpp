// UDP flows with a neighbour whom verify plays itself (adapters/probe/neighbour.hpp), at addresses
// of documentation. One that it began is answered, whatever the policy says; one that was allowed
// goes no further once that is revoked. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "egressctl/verify/plan.hpp"
#include "egressctl/verify/refusals.hpp"

namespace egress::verify {

// works.inbound, in both families.
std::vector<Probe> plan_inbound();
// `listed`: who alone is answered (ProofReply::inbound), which these flows are not among; empty:
// all are.
Rows judge_inbound(std::span<const Trial> trials, const Refusals& refusals,
                   const std::vector<std::string>& listed = {});
// Whether it is known that these flows are not among them.
bool leaves_out_flows(const std::vector<std::string>& listed);

// What has to be allowed for a moment: "udp/198.51.100.254:9", ...; none that the policy allows.
std::vector<std::string> plan_grant(const control::ProofReply& proof);
// The flows to there, begun from this port.
std::vector<Probe> plan_granted_flows(std::span<const std::string> granted, Port source);

// What became of the flows while they were allowed, between two readings of the policy.
struct GrantedFlows {
  std::vector<Probe> revoked;  // the next datagram of each that was established
  Rows rows;                   // of the others
};
// `is_forwarded`: begun in another network namespace, where other firewalls may have a say.
GrantedFlows judge_granted_flows(std::span<const Trial> flows, const control::ProofReply& before,
                                 const control::ProofReply& after, bool is_forwarded = false);

// Either kind as a whole could not be tried.
Row untried(KindId kind, std::string seen, std::string evidence, Mark mark);

}  // namespace egress::verify
