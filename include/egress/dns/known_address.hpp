// An address that a name had when we last looked: what the state file keeps across a restart.
#pragma once

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"

namespace egress::dns {

struct KnownAddress {
  DnsName name;
  IpAddress address;
  WallTime expires;  // after this it may not be opened any more
  auto operator<=>(const KnownAddress&) const = default;
};

}  // namespace egress::dns
