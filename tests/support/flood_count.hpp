// How much of the floods (flood.hpp) comes through to the far side.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/flood.hpp"

namespace egress::test {

// A table "netdev NAME" whose chain sees what comes in by the device: the counters, and the rules
// that use them.
void load_counters(const std::string& netns, const std::string& name, const std::string& device,
                   const std::string& counters, const std::string& rules);
std::map<std::string, std::uint64_t> read_counters(const std::string& netns,
                                                   const std::string& name);

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
