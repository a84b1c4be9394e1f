#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

using Datagram = std::span<const std::uint8_t>;
// Looks at one datagram that came back: true ends the exchange; false waits for another one.
using Accepts = std::function<bool(Datagram)>;

// How often a question is sent. What must not leave is never sent twice.
enum class Tries : std::uint8_t { once, until_answered };

// Sends `question` on a socket that is connected to `peer`, if so wished again now and then, until
// an accepted datagram of the peer's, an error or the deadline. A datagram of the peer's that is
// not accepted leaves `wrong_answer` behind: something did come back.
Observation exchange(const Socket& socket, const IpAddress& peer, Datagram question,
                     const Accepts& accepts, Tries tries, const Deadline& deadline);

// The same over a new UDP socket.
Observation exchange_udp(const Remote& to, Datagram question, const Accepts& accepts, Tries tries,
                         const Deadline& deadline);

// Whatever comes back is an answer.
bool accept_any(Datagram answer);

}  // namespace egress::probe
