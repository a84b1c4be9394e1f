#pragma once

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"

namespace egress::probe {

// One ICMP or ICMPv6 echo request. Uses the unprivileged datagram socket (icmp(7),
// net.ipv4.ping_group_range) and falls back to a raw one; `impossible` with EPERM or EACCES when
// the caller may have neither.
Observation ping(const IpAddress& address, const Deadline& deadline);

}  // namespace egress::probe
