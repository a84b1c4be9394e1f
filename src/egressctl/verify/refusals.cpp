#include "egressctl/verify/refusals.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"

namespace egress::verify {

namespace {

using Counts = std::map<Endpoint, std::uint64_t>;

Counts counts(const control::RefusalsReply& reply) {
  Counts result;
  for (const auto& one : reply.refusals) {
    const auto address = IpAddress::parse(one.address);
    if (!address || (one.transport != "tcp" && one.transport != "udp")) continue;
    const Transport transport = one.transport == "tcp" ? Transport::tcp : Transport::udp;
    result[{*address, transport, one.port}] += one.packets;
  }
  return result;
}

std::uint64_t moved(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

}  // namespace

Refusals::Refusals(const control::RefusalsReply& before, const control::RefusalsReply& after)
    : moved_(counts(after)),
      total_(moved(before.refused_packets, after.refused_packets)),
      foreign_(moved(before.foreign_packets, after.foreign_packets)) {
  const Counts earlier = counts(before);
  for (auto& [endpoint, packets] : moved_) {
    const auto known = earlier.find(endpoint);
    if (known != earlier.end()) packets = moved(known->second, packets);
  }
}

std::uint64_t Refusals::at(const Endpoint& endpoint) const {
  const auto known = moved_.find(endpoint);
  return known == moved_.end() ? 0 : known->second;
}

bool Refusals::is_full(Family family) const {
  const auto held = std::ranges::count_if(
      moved_, [&](const auto& one) { return one.first.address.family() == family; });
  return static_cast<std::size_t>(held) >= limits::kRefusalsRemembered;
}

}  // namespace egress::verify
