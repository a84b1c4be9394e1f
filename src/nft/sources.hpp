// The chains that judge who sends: before connections are tracked, so that no packet with the
// source of another ever counts as the first of a flow, whose "answer" would then leave; and before
// other firewalls refuse anything, so that none is answered to whom it names.
#pragma once

#include <string>
#include <vector>

#include "egress/nft/layout.hpp"

namespace egress::nft {

// Where a packet ends whose source is not its sender's: no answer, which would go to that source.
Chain foreign(const Base& base);
// What leaves this host bears an address of its own, whoever made the packet; what comes in from a
// held interface bears one that is reached through it.
std::vector<Chain> source_chains(const Base& base);
std::vector<SetDefinition> known_sets(const Base& base);

// Of ICMP errors, in `held`: one about a flow of its sender passes, with no more of the packet than
// names the flow.
void admit_errors_of_senders(std::vector<Rule>& held);
// The kernel's resets bear the address that was refused. They come with the connection that they
// end (nf_send_reset(), nf_ct_attach()); no packet of a program has a state before it is tracked.
Rule resets_of_kernel();
// Of `output`: the kernel's own errors and resets; a program has none to send.
Chain related_of_kernel();

// What a guest may not tell the host of routes: RFC 4861 sections 4.2 and 4.5, RFC 792 (redirect).
std::vector<Chain> router_chains(const Base& base);
// In `input`, for each held interface.
void refuse_routers(const Base& base, std::vector<Rule>& input);

// For rules about held interfaces: packets that come in by an uplink skip the rest of the chain.
void skip_uplinks(const Base& base, const Statement& verdict, std::vector<Rule>& rules);
// Where all is held: matches of the links that are not.
std::vector<Rule> unheld_links(const Base& base);
// Where all is held, for rules about whatever no pattern names: what is not held skips the rest. `lo` is not held, either.
void skip_unheld(const Base& base, const Statement& verdict, std::vector<Rule>& rules);
void skip_released(const Base& base, const Statement& verdict, std::vector<Rule>& rules);
// The same of links whose other traffic is the host's own.
void skip_wires(const Base& base, const Statement& verdict, std::vector<Rule>& rules);
// In `forward`: machines on one segment reach each other without this host.
void pass_segments(const Base& base, std::vector<Rule>& forward);

}  // namespace egress::nft
