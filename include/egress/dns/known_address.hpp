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
  bool is_learnt = false;  // of a name below a wildcard: the first to be left out of a full file
  auto operator<=>(const KnownAddress&) const = default;
};

}  // namespace egress::dns
