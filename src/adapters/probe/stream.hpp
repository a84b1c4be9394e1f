// Messages over TCP, each behind its length (RFC 1035 section 4.2.2).
#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

// Connects, sends `message`, and reads messages until one is accepted. A connection that the far
// side ends before that is `wrong_answer`.
Observation exchange_stream(const Remote& to, Datagram message, const Accepts& accepts, Tries tries,
                            const Deadline& deadline);

}  // namespace egress::probe
