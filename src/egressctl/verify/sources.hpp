// In whose name packets leave, and whether somebody who is allowed passes them on. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/plan.hpp"

namespace egress::verify {

// Whether it got no further than this host's output.
bool is_dropped(const Trial& trial);
// What this user may not send, a program of this user cannot either.
void judge_unmade(const Trial& trial, const Controls& controls, Row& row);

struct Disguises {
  std::vector<IpAddress> own;  // of this host, one of each family that it has
  // Whose name is taken: the neighbour's whom verify plays, who hears what comes back; without one
  // an outside host's.
  bool has_neighbour = false;
  bool is_forwarded = false;
};
// Of one kind: source.freebind or source.spoofed. To this host itself, which might answer, and to a
// host outside the policy, of which egressd might tell by an error.
std::vector<Probe> plan_disguises(KindId kind, const Disguises& disguises, const Outside& outside);
// `refusals`: moved while they ran, and no other such packets were sent.
Rows judge_disguises(std::span<const Trial> trials, const Refusals& refusals,
                     const Controls& controls);
// `answers`: packets that came back to the neighbour in whose name all this was sent.
Row judge_trampoline(std::uint64_t answers);

// ICMP errors to whoever has begun these flows with this host, whose ends here they are: about what
// is none of their sender's, or a program's. Without a flow: whether one may be made at all.
std::vector<Probe> plan_related(std::span<const Endpoint> flows);
// `refusals`: moved while they ran. `heard`: packets that came to whom they went.
Rows judge_related(std::span<const Trial> trials, const Refusals& refusals, std::uint64_t heard,
                   const Controls& controls);
// Whether their user may make no such packet.
bool all_without_right(std::span<const Trial> trials);

// Every allowed TCP endpoint is asked for one outside host, at an address at which it works.
Plan plan_proxies(const control::ProofReply& proof, std::span<const Trial> works,
                  const Outside& outside);
// One row for each endpoint.
Rows judge_proxies(std::span<const Trial> trials);

}  // namespace egress::verify
