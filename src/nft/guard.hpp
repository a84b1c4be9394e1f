// The DNS guard's part of the layout.
#pragma once

#include <string>
#include <vector>

#include "egress/nft/layout.hpp"

namespace egress::nft {

// What a host's new connection meets where no rule of its own admits it: "judge", or with a guard
// the chain that first lets egressd itself through to the pinned resolvers.
std::string host_judge(const Base& base);

// Whether who asks a resolver of this host at an address of its own is answered by it.
bool spares_own_resolvers(const Base& base);

// egressd's own questions and their answers are tracked apart from all others, before anything is tracked: what that adds
// to the chains that judge sources, and the chain that those call.
void set_questions_apart(const Base& base, std::vector<Rule>& output);
void set_answers_apart(const Base& base, std::vector<Rule>& prerouting);
std::vector<Chain> own_apart(const Base& base);

// What the guard adds to the chains that there are without it; nothing where there is no guard.
void admit_own_tracked(const Base& base, std::vector<Rule>& output);
void admit_questions_to_guard(const Base& base, std::vector<Rule>& output);
void guard_input(const Base& base, std::vector<Rule>& input);
// As in `input`, for what is forwarded `to` held links.
void refuse_reversed_answers(const Base& base, const Statement& to, std::vector<Rule>& rules);
// Where all is held: what becomes there of packets that enter by a link that is not.
Statement from_outside(const Base& base);
Chain from_outside_chain(const Base& base);

// Chains of its own: called from `output`, and base chains. `base` must have a guard.
std::vector<Chain> own_questions(const Base& base);
std::vector<Chain> guard_chains(const Base& base);

}  // namespace egress::nft
