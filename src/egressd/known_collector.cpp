#include "egressd/known_collector.hpp"

#include <utility>

#include "egress/core/limits.hpp"

namespace egress::daemon {

void KnownCollector::begin() {
  is_asked_again_ = is_under_way_;
  is_under_way_ = true;
}

bool KnownCollector::advance(const dns::NameTable& table, Instant now, WallTime wall) {
  const auto& names = table.names();
  if (buckets_ != names.bucket_count()) {
    buckets_ = names.bucket_count();
    next_ = 0;
    known_ = {};
    known_.reserve(names.size(), table.address_count());
  }
  std::size_t looked_at = 0;
  for (; next_ < buckets_ && looked_at < limits::kSavedAtOnce; ++next_, ++looked_at)
    for (auto at = names.begin(next_); at != names.end(next_); ++at) {
      const auto& [name, state] = *at;
      looked_at += state.addresses.size();
      for (const dns::HeldAddress& held : state.addresses)
        if (held.expires > now)
          known_.add(name, held.address, wall + std::chrono::floor<seconds>(held.expires - now),
                     state.group != nullptr);
    }
  return next_ == buckets_;
}

dns::KnownAddressPack KnownCollector::take() {
  is_under_way_ = std::exchange(is_asked_again_, false);
  buckets_ = 0;
  return std::exchange(known_, {});
}

}  // namespace egress::daemon
