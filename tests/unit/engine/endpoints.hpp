// Addresses and endpoints as tests of the engine write them.
#pragma once

#include <string_view>

#include "egress/core/ip_address.hpp"

namespace egress::engine {

inline IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}
inline Endpoint tcp(std::string_view address, Port port = 443) {
  return {ip(address), Transport::tcp, port};
}

}  // namespace egress::engine
