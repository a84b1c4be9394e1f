// Names of services: "_ldap._tcp.corp.example" (RFC 2782).
#pragma once

#include <optional>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::dns {

struct ServiceName {
  DnsName host;  // "corp.example"
  Transport transport = Transport::tcp;
};

// Empty unless the name is _service._tcp or _service._udp in front of a host, and the service one of RFC 6335 section
// 5.1: up to 15 letters, digits and hyphens, a letter among them. So a question for a service holds little else.
std::optional<ServiceName> parse_service_name(const DnsName& name);

}  // namespace egress::dns
