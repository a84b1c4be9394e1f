// ICMP errors as the socket's error queue tells them (ip(7) IP_RECVERR, ipv6(7) IPV6_RECVERR).
#pragma once

#include <optional>

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

// Asks the kernel to queue errors with their offender. False: it will not.
bool queue_errors(const Socket& socket, Family family);

struct QueuedError {
  int error = 0;
  std::optional<IpAddress>
      offender;  // empty when the error was made by the local stack without a message
};
// The next queued error; empty when there is none. Never waits.
std::optional<QueuedError> take_error(const Socket& socket);

// The refusal that a failed send or a POLLERR stands for. `send_error` (0: none) is used when the
// queue stays empty: a packet rejected in the output hook makes send(2) fail with EPERM a moment
// before the ICMP error is queued.
Observation refusal(const Socket& socket, int send_error, const Deadline& deadline);

}  // namespace egress::probe
