// What only the frame around the engine knows, for `status`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "egress/core/time.hpp"
#include "egressd/policy_store.hpp"

namespace egress::daemon {

// What others did to our table where they can.
struct Drift {
  std::uint64_t count = 0;
  std::string last;                        // "nft (pid 1234)"
  std::chrono::microseconds undone_in{0};  // the last one, from the notice to the acknowledgement
};

// A policy in force that reverts unless it is confirmed.
struct Trial {
  std::string text;
  Instant until{};
  std::shared_ptr<const policy::Policy> before;
};

struct Frame {
  Instant started{};
  std::string resolver_source;
  Drift drift;
  std::optional<Trial> trial;
  PolicySource policy_source = PolicySource::files;
  std::string policy_problem;         // the first of those for which it is not the files
  std::vector<std::string> warnings;  // shown by `status` until the next good reload
};

}  // namespace egress::daemon
