// The TCP connections of this network namespace, as sock_diag(7) lists them.
#pragma once

#include <vector>

#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"

namespace egress::host {

struct TcpSession {
  Endpoint local;
  Endpoint peer;
  // Whether the peer began it, as far as can be told: some socket listens at the local port.
  bool is_inbound = false;
};

// Those over which data can still flow. IPv4 in an IPv6 socket is IPv4.
Result<std::vector<TcpSession>> tcp_sessions();

}  // namespace egress::host
