// What has no ports: echo requests, and the packets of tunnels (ESP, GRE, IPv4 in IP).
#pragma once

#include "egress/nft/layout.hpp"

namespace egress::nft {

// Admits what is in the set, of both families.
void admit_in(SetId set, std::vector<Rule>& rules);
// Into the judge, before a set in which what stands in a port's place could be taken for a port.
Rule to_portless();
std::vector<Chain> portless_chains();

}  // namespace egress::nft
