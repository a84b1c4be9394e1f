// Frames that a program hands to a link itself (packet(7)), past the network stack: the output hook
// never sees them. At the egress hook of a link (table netdev egressd) only what the stack has
// routed passes, which the output hook has judged.
#pragma once

#include <string>
#include <vector>

#include "egress/nft/layout.hpp"
#include "egress/nft/links.hpp"

namespace egress::nft {

struct FrameFilter {
  std::vector<Link> links;   // whose frames are held
  bool allows_dhcp = false;  // whose clients write their own frames
  bool operator==(const FrameFilter&) const = default;
};

// Why a link is left out; empty: its frames are held.
std::string left_out(const Link& link, const HeldLinks& held);

// The table of the netdev family: a chain at the egress hook of each link, and the counter
// `refused`.
Layout layout(const FrameFilter& filter);

}  // namespace egress::nft
