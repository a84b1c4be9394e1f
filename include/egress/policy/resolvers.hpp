// Who is asked for which names.
#pragma once

#include <string>
#include <vector>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::policy {

// A resolver: an address and a port, reached over UDP and TCP.
struct ResolverAddress {
  IpAddress address;
  Port port = 53;
  std::string zone{};        // the link of a link-local address: "eth0"
  std::string text() const;  // "10.0.0.2", "10.0.0.2:5353", "[2001:db8::1]:5353", "fe80::1%eth0"
  auto operator<=>(const ResolverAddress&) const = default;
};

// Those that alone are asked for the names of a zone: its own and all below it.
struct ZoneResolvers {
  DnsName zone;
  std::vector<ResolverAddress> resolvers;  // in the order in which they are asked
  auto operator<=>(const ZoneResolvers&) const = default;
};

struct Resolvers {
  std::vector<ResolverAddress> otherwise{};  // for names of no zone
  std::vector<ZoneResolvers> zones{};        // each zone once

  // The longest zone that holds the name; null: none does.
  const ZoneResolvers* zone_of(const DnsName& name) const;
  // Those that are asked for the name.
  const std::vector<ResolverAddress>& of(const DnsName& name) const;
  // Each once; those of no zone come first.
  std::vector<ResolverAddress> all() const;
  bool operator==(const Resolvers&) const = default;
};

// Of the system's zones those that the policy says nothing of: none at or below one of its own.
std::vector<ZoneResolvers> with_zones_of_system(std::vector<ZoneResolvers> of_policy,
                                                const std::vector<ZoneResolvers>& of_system);

}  // namespace egress::policy
