#pragma once

#include <functional>
#include <span>

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

using Datagram = std::span<const std::uint8_t>;
// Looks at one datagram that came back: true ends the exchange; false waits for another one.
using Accepts = std::function<bool(Datagram)>;

// Sends `question` on a connected socket, again now and then, until an accepted datagram, an error
// or the deadline. A datagram that is not accepted leaves `wrong_answer` behind: something did come
// back.
Observation exchange(const Socket& socket, Datagram question, const Accepts& accepts,
                     const Deadline& deadline);

// The same over a new UDP socket.
Observation exchange_udp(const IpAddress& address, Port port, Datagram question,
                         const Accepts& accepts, const Deadline& deadline);

}  // namespace egress::probe
