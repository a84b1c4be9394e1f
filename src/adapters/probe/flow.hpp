// UDP flows with a neighbour whom this process plays itself (neighbour.hpp).
#pragma once

#include <optional>

#include "adapters/probe/neighbour.hpp"
#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"
#include "adapters/probe/udp_packet.hpp"

namespace egress::probe {

// Sends a datagram to the far end, which sends it back, and another, which is then of an
// established flow. `reached` if both came back.
Observation open_flow(const Remote& to, const Deadline& deadline);

// The neighbour sends a datagram first, from its port to a free one here, and is answered.
// `reached` if it has the answer; `timeout` with `detail` if one of the two was lost.
Observation answer_flow(const Neighbour& neighbour, Family family, const Deadline& deadline);

// A flow that the neighbour has begun to this host, and that stands while this does.
struct AskedFlow {
  Socket socket;
  End here;
};
// Empty: nothing of it arrived, or there is no way between the two.
std::optional<AskedFlow> be_asked(const Neighbour& neighbour, Family family,
                                  const Deadline& deadline);

}  // namespace egress::probe
