// Room for what is refused next. Whoever is refused at thousands of destinations fills the sets in
// which they are remembered; what others are refused then would be shown nowhere.
#pragma once

#include <cstdint>
#include <optional>

#include "egress/core/time.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::daemon {

class RefusalRoom {
 public:
  explicit RefusalRoom(nft::Kernel& kernel) : kernel_(kernel) {}

  // Takes out what is too much, if so many packets were refused that it may be. Returns when to
  // look again.
  Instant look(Instant now);

 private:
  bool make_room();

  nft::Kernel& kernel_;
  std::optional<std::uint64_t> seen_;  // packets refused until the sets were last listed
};

}  // namespace egress::daemon
