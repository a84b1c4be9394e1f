#include <algorithm>

#include "egress/core/ip_address.hpp"
#include "egress/core/text.hpp"

namespace egress {

std::string PortRange::text() const {
  return is_single() ? std::to_string(first) : std::to_string(first) + '-' + std::to_string(last);
}

std::string_view text(Transport transport) {
  switch (transport) {
    case Transport::icmp:
    case Transport::icmp6:
      return "icmp";
    case Transport::ipip:
      return "ipip";
    case Transport::tcp:
      return "tcp";
    case Transport::udp:
      return "udp";
    case Transport::gre:
      return "gre";
    case Transport::esp:
      return "esp";
  }
  return "ip";  // of a tracked flow: whatever the kernel tracks
}

Result<Transport> parse_transport(std::string_view written) {
  const auto* const found =
      std::ranges::find(kTransports, written, [](Transport transport) { return text(transport); });
  if (found != kTransports.end()) return *found;
  return fail(quoted(written) + " is not a transport; accepted: tcp, udp, icmp, esp, gre or ipip");
}

std::string target_text(Transport transport, const std::string& host, const std::string& ports) {
  const std::string portless = std::string(text(transport)) + '/' + host;
  return has_ports(transport) ? portless + ':' + ports : portless;
}

std::string Endpoint::text() const {
  const std::string host = address.is_v4() ? address.text() : '[' + address.text() + ']';
  return target_text(transport, host, std::to_string(port));
}

}  // namespace egress
