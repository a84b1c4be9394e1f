// Resolvers that answer over HTTPS (RFC 8484).
#pragma once

#include "egress/core/dns_name.hpp"

namespace egress::dns {

// A well-known DoH endpoint, or a name below one: reached through a wildcard, it would answer any question beside the DNS
// guard. The list is that of names which browsers and resolvers ship or document; it can never be whole.
bool is_doh_endpoint(const DnsName& name);

}  // namespace egress::dns
