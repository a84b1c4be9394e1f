// Bounds of the flows that one side alone controls, since both of their ends are here: a held link,
// or a user of this host. Flows to what is listed, and those that others begin, have none.
#pragma once

#include "egress/nft/layout.hpp"

namespace egress::nft {

std::vector<SetDefinition> crowd_sets(const Base& base);
std::vector<Chain> crowd_chains(const Base& base);
// Into a chain of forwarded packets: what stays on this host.
void bound_links(const Base& base, std::vector<Rule>& rules);
// What goes on in a chain of packets from a held link for this host itself.
void bound_link(const Base& base, std::vector<Rule>& rules);
void bound_users(const Base& base, std::vector<Rule>& output);
// What programs of this host send to links of which we know that they stay here.
void bound_users_of_guests(const Base& base, std::vector<Rule>& output);
// Into the rules that let questions through to the guard.
void bound_questions(const Base& base, const Rule& question, std::vector<Rule>& output);

}  // namespace egress::nft
