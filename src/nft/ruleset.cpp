#include "egress/nft/ruleset.hpp"

namespace egress::nft {
namespace {

bool holds(const Elements& elements, const ElementKey& key, Instant now) {
  const auto found = elements.find(key);
  return found != elements.end() && found->second > now;
}

// An interval that holds the address starts at or before it, so the search ends there.
bool nets_hold(const Elements& elements, const Endpoint& endpoint, Instant now) {
  ElementKey lowest;
  lowest.set = SetId::nets;
  lowest.first = IpAddress::lowest(endpoint.address.family());
  for (auto it = elements.lower_bound(lowest); it != elements.end(); ++it) {
    const auto& [key, end] = *it;
    if (key.set != SetId::nets || key.first > endpoint.address) return false;
    if (end > now && key.contains(endpoint)) return true;
  }
  return false;
}

}  // namespace

bool Ruleset::permits(const Endpoint& endpoint, Instant now) const {
  return holds(elements, ElementKey::of_name(endpoint), now) ||
         (!base.dns_guard &&
          holds(elements, ElementKey::endpoint(SetId::resolvers, endpoint), now)) ||
         nets_hold(elements, endpoint, now);
}

}  // namespace egress::nft
