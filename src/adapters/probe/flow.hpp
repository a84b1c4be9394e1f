// UDP flows whose far end this process plays itself: a packet that seems to come from there is sent
// to this host's own address, so it goes by loopback, and the connection tracking takes it for what
// it seems. What this host sends to there does leave. All of it takes CAP_NET_RAW (`impossible`
// with EPERM).
#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

// Sends a datagram to the far end, is answered by it, and sends another, which is then of an
// established flow. `reached` if both were let go.
Observation open_flow(const Remote& to, const Deadline& deadline);

// The far end sends a datagram first, from its port to a free one here, and is answered. `reached`
// if the answer was let go; `timeout` if what it sent did not arrive.
Observation answer_flow(const Remote& from, const Deadline& deadline);

}  // namespace egress::probe
