// Where a question came from and its answer goes.
#pragma once

#include <cstdint>

#include "egress/core/ip_address.hpp"

namespace egress::guard {

// A plain value; may outlive the connection (an answer to one that is gone is dropped).
struct Client {
  IpAddress address;  // never IPv4-mapped
  Port port = 0;
  IpAddress local;  // the address that was asked, after redirection
  Transport transport = Transport::udp;
  std::uint64_t handle = 0;  // only the listener reads it
};

}  // namespace egress::guard
