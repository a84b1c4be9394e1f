#include <algorithm>

#include "egress/policy/resolvers.hpp"

namespace egress::policy {

const ZoneResolvers* Resolvers::zone_of(const DnsName& name) const {
  const ZoneResolvers* longest = nullptr;
  for (const ZoneResolvers& one : zones)
    if (name.is_within(one.zone) && (longest == nullptr || one.zone.is_below(longest->zone)))
      longest = &one;
  return longest;
}

const std::vector<ResolverAddress>& Resolvers::of(const DnsName& name) const {
  const ZoneResolvers* zone = zone_of(name);
  return zone == nullptr ? otherwise : zone->resolvers;
}

std::vector<ResolverAddress> Resolvers::all() const {
  std::vector<ResolverAddress> once;
  const auto add = [&](const std::vector<ResolverAddress>& resolvers) {
    for (const ResolverAddress& resolver : resolvers)
      if (std::ranges::find(once, resolver) == once.end()) once.push_back(resolver);
  };
  add(otherwise);
  for (const ZoneResolvers& one : zones) add(one.resolvers);
  return once;
}

std::vector<ZoneResolvers> with_zones_of_system(std::vector<ZoneResolvers> of_policy,
                                                const std::vector<ZoneResolvers>& of_system) {
  const Resolvers said{.otherwise = {}, .zones = of_policy};
  for (const ZoneResolvers& one : of_system)
    if (said.zone_of(one.zone) == nullptr) of_policy.push_back(one);
  return of_policy;
}

}  // namespace egress::policy
