#pragma once

#include "adapters/probe/dns_message.hpp"
#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

struct Server {
  IpAddress address;
  Port port = 53;
};

// Asks one server one question. `reached` when it answered with NOERROR and an address, or for
// other types with a record; `wrong_answer` when it said anything else, with the RCODE in `rcode`;
// NOERROR without that is NODATA (RFC 2308). Nothing is asked again over TCP: what came back over
// UDP is what was seen over UDP.
Observation ask(const Server& server, Transport transport, const Question& question,
                const Deadline& deadline, Tries tries = Tries::until_answered);

}  // namespace egress::probe
