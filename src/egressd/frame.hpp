// What only the frame around the engine knows, for `status`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "egress/core/time.hpp"

namespace egress::daemon {

// What others did to our table where they can.
struct Drift {
  std::uint64_t count = 0;
  std::string last;                        // "nft (pid 1234)"
  std::chrono::microseconds undone_in{0};  // the last one, from the notice to the acknowledgement
};

struct Frame {
  Instant started{};
  std::string resolver_source;
  Drift drift;
  std::vector<std::string> warnings;  // shown by `status` until the next good reload
};

}  // namespace egress::daemon
