// The interval sets nets4 and nets6 refuse elements that overlap. Policy entries may overlap; this
// takes them apart.
#pragma once

#include "egress/nft/ruleset.hpp"

namespace egress::nft {

// The boxes (addresses by ports of one transport, each open until its end) may overlap; their
// key.set is ignored. The result is their exact union as elements of SetId::nets, no two of which
// overlap. Each place is open until the latest end of the boxes that cover it. Neighbours that end
// together are merged, first along the ports, then along the addresses.
Elements disjoint(const Elements& boxes);

}  // namespace egress::nft
