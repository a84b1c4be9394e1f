#pragma once

#include "adapters/probe/dns_message.hpp"
#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

struct Server {
  IpAddress address;
  Port port = 53;
};

// Asks one server for the A or AAAA records of a name. `reached` when it answered the question with
// NOERROR and an address; `wrong_answer` when it said anything else, with the RCODE in `rcode`;
// NOERROR without an address is NODATA (RFC 2308).
Observation ask_udp(const Server& server, const DnsName& name, Family family,
                    const Deadline& deadline);

}  // namespace egress::probe
