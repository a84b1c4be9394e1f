#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

// One SNTP question (RFC 5905 section 14). `reached` when the server answers in server mode with a
// stratum and our own timestamp; the clock is not looked at.
Observation ask_ntp(const IpAddress& address, Port port, const Deadline& deadline);

}  // namespace egress::probe
