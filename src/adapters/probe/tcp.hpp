#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

struct Connection {
  Observation observation;
  Socket socket;  // connected and non-blocking when the outcome is `reached`
};

// Opens a TCP connection and sends nothing on it.
Connection connect_tcp(const IpAddress& address, Port port, const Deadline& deadline);

}  // namespace egress::probe
