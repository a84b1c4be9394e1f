// Who is answered that began a flow from outside.
#pragma once

#include <vector>

#include "egress/nft/layout.hpp"

namespace egress::nft {

// Before what is established passes, in `output` and `held`: no connection of ours is opened within
// one that was begun outside, and where the policy lists who is answered, nobody else is.
void judge_answers(const Base& base, const std::string& judge, std::vector<Rule>& rules);
// The chain for that; only where the policy has such a list.
Chain answer(const Base& base);

}  // namespace egress::nft
