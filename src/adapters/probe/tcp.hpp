#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

struct Connection {
  Observation observation;
  Socket socket;  // connected and non-blocking when the outcome is `reached`
};

// For a connection that must not come about, an end before the second SYN (RFC 6298 section 2).
inline constexpr std::chrono::milliseconds kBeforeSecondSyn{900};
Deadline connect_deadline(Tries tries, const Deadline& deadline);

// Opens a TCP connection and sends nothing on it.
Connection connect_tcp(const Remote& to, const Deadline& deadline);

// Opens one to a listener of its own at this address of this host.
Observation connect_to_self(const IpAddress& address, const Deadline& deadline);

}  // namespace egress::probe
