// Datagrams in the name of somebody else: their source is no address of the host that sends them. Whether
// they leave is for the packet filter to say.
#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/udp_packet.hpp"

namespace egress::probe {

enum class Disguise : std::uint8_t {
  bound,  // a socket bound to the address (IPV6_FREEBIND, IP_FREEBIND), which takes no right
  raw,    // a packet made by hand, which takes CAP_NET_RAW
};

// Sends one datagram. To port 0: to a port of our own at that address. `reached` if it arrived
// there; `refused` with EPERM if it was let go no further than this host's output; `no_route` where
// the kernel itself makes no such packet; `timeout` if it was sent, and nothing is known of it.
Observation send_in_disguise(Disguise disguise, const End& from, const End& to,
                             const Deadline& deadline);

}  // namespace egress::probe
