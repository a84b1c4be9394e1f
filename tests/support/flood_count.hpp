// How much of the floods (flood.hpp) comes through to the far side.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/flood.hpp"

namespace egress::test {

// What arrives of the floods on a device of the namespace, below every filter there; nothing of it
// gets further.
class FloodCount {
 public:
  FloodCount(std::string netns, const std::string& device, const std::vector<FloodTarget>& targets);

  struct Counts {
    std::map<std::string, std::uint64_t> unmarked, marked;  // "host-tcp4", "container-icmp6", ...
    std::uint64_t all_marked() const;
  };
  Counts read() const;

 private:
  const std::string netns_;
};

}  // namespace egress::test
