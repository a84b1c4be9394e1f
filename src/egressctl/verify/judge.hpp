// What observations prove. Pure, and strict in one direction: whatever is not positively shown is
// not proven, so no dead network, silent drop or stranger's refusal can pass for our own.
#pragma once

#include <span>

#include "control/messages.hpp"
#include "egressctl/verify/probe.hpp"
#include "egressctl/verify/refusals.hpp"
#include "egressctl/verify/report.hpp"
#include "egressctl/verify/selection.hpp"
#include "egressctl/verify/told.hpp"

namespace egress::verify {

// The positive controls: what shows that this host can get through at all. The DNS guard answers
// from this host, so its answers show nothing about a family.
struct Controls {
  bool resolver_answers = false;
  bool endpoint_connects = false;
  bool reached_v4 = false;
  bool reached_v6 = false;
  bool has_guard = false;  // the resolver is egressd's DNS guard
  // What the user whose probes these are has no right to send, he cannot send.
  bool is_other_user = false;
  bool is_root = false;  // who may send everything
  std::string user{};    // who is not root: "coder (uid 1000)"
  // The probes came from another network namespace, so this host forwarded them. The kernel limits
  // how many ICMP errors it sends to others (icmp_ratelimit), so a refusal may be silent.
  bool is_forwarded = false;

  bool reached(Family family) const { return family == Family::ipv4 ? reached_v4 : reached_v6; }
};
Controls controls_of(std::span<const Trial> works);

// One row for each trial of plan_works(). `refusals`: moved while they ran; an allowed endpoint
// that we ourselves refused fails even if another address of the same name works.
Rows judge_works(std::span<const Trial> trials, const Refusals& refusals);

// One row for each name of plan_answers(): whether every address that the guard gave is open, by
// the policy that was read after the answers.
Rows judge_answers(std::span<const Trial> answers, const control::ProofReply& after);

// One row for each trial of plan_refusals(). `refusals` and `told`: moved while they ran.
Rows judge_refusals(std::span<const Trial> trials, const Refusals& refusals,
                    const Controls& controls, const Told& told = {});

// The two rows that tell whether the positive controls hold.
Rows control_rows(const Controls& controls);

struct Findings {
  bool is_audit = false;
  bool is_open = false;          // `egressctl open`
  bool is_panic = false;         // `egressctl panic`
  bool answers_anybody = false;  // whoever asks first (`inbound: any`)
  Controls controls;
  Rows works;
  Rows refusals;
  Rows truths;
};
// The verdict is over the rows of what was chosen; a refusal needs the positive controls.
Report conclude(const Findings& findings, const Selection& chosen = {});

}  // namespace egress::verify
