// Where questions of held links to the guard were seen last: whether another firewall drops them.
#pragma once

#include <vector>

#include "egress/nft/layout.hpp"

namespace egress::nft {

std::vector<SetDefinition> question_sets(const Base& base);
// Before the rule that redirects a question.
void note_asked(const Base& base, const Rule& question, std::vector<Rule>& rules);
// A base chain behind those of other firewalls.
void note_heard(const Base& base, std::vector<Chain>& chains);

}  // namespace egress::nft
