#include "adapters/dns_listener/tcp_places.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "egress/core/limits.hpp"

namespace egress::dns_listener {
namespace {

using Places = std::vector<Place>;

Holder client(const Place& place) {
  return place.holder;
}
Holder party(const Place& place) {
  return place.holder.party();
}

// Those of one client, or of one party.
template <class Of>
Places only(std::span<const Place> places, const Holder& holder, const Of& of) {
  Places found;
  std::ranges::copy_if(places, std::back_inserter(found),
                       [&](const Place& place) { return of(place) == holder; });
  return found;
}

// Those of whoever has the most.
template <class Of>
Places greediest(std::span<const Place> places, const Of& of) {
  std::map<Holder, std::size_t> counts;
  for (const Place& place : places) ++counts[of(place)];
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& one) { return one.second; });
  return only(places, most->first, of);
}

// Who waits for an answer goes last.
std::uint64_t longest_idle(const Places& places) {
  return std::ranges::min_element(places, {},
                                  [](const Place& place) {
                                    return std::tuple(place.is_asking, place.progress, place.id);
                                  })
      ->id;
}

}  // namespace

std::optional<std::uint64_t> leaves_for(const Holder& newcomer, std::span<const Place> places) {
  const Places own = only(places, newcomer, client);
  if (own.size() >= limits::kDnsConnectionsPerClient) return longest_idle(own);
  const Places beside = only(places, newcomer.party(), party);
  if (beside.size() >= limits::kDnsConnectionsPerLink)
    return longest_idle(greediest(beside, client));
  if (places.size() >= limits::kDnsConnections)
    return longest_idle(greediest(greediest(places, party), client));
  return std::nullopt;
}

}  // namespace egress::dns_listener
