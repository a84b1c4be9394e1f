#include "egress/core/ip_address.hpp"

namespace egress {

std::string PortRange::text() const {
  return is_single() ? std::to_string(first) : std::to_string(first) + '-' + std::to_string(last);
}

std::string_view text(Transport transport) {
  return transport == Transport::tcp ? "tcp" : "udp";
}

std::string Endpoint::text() const {
  const std::string host = address.is_v4() ? address.text() : '[' + address.text() + ']';
  return std::string(egress::text(transport)) + '/' + host + ':' + std::to_string(port);
}

}  // namespace egress
