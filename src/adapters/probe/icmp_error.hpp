// ICMP errors made by hand: "what you sent did not arrive", to whoever sent it (RFC 792, RFC 4443).
#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/udp_packet.hpp"

namespace egress::probe {

// Of the kind that no probe of another kind brings about: host unreachable, address unreachable. It
// goes to `from`, as if a datagram of that end to the end `to` had not arrived. Takes CAP_NET_RAW:
// without it `impossible` with EPERM. `refused` with the errno if it was let go no further than
// this host's output; `timeout` if it was sent, and nothing is known of it.
Observation send_error(const End& from, const End& to, const Deadline& deadline);

}  // namespace egress::probe
