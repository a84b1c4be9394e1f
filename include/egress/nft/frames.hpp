// Frames that a program hands to a link itself (packet(7)), past the network stack: the output hook
// never sees them. At the egress hook of a link (table netdev egressd) only what the stack has
// routed passes, which the output hook has judged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "egress/nft/layout.hpp"

namespace egress::nft {

// A network device of this host.
struct Link {
  std::string name;
  std::uint32_t index = 0;  // another one when a device of the same name comes back
  bool is_loopback = false;
  bool is_bridge_port = false;  // passes frames on that this host has not routed
  auto operator<=>(const Link&) const = default;
};

struct FrameFilter {
  std::vector<Link> links;   // whose frames are held
  bool allows_dhcp = false;  // whose clients write their own frames
  bool operator==(const FrameFilter&) const = default;
};

// Why a link is left out; empty: it is held. `forward`: the patterns of held interfaces, behind
// which nothing leaves.
std::string left_out(const Link& link, const std::vector<std::string>& forward);

// The table of the netdev family: a chain at the egress hook of each link, and the counter
// `refused`.
Layout layout(const FrameFilter& filter);

}  // namespace egress::nft
