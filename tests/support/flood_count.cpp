#include "support/flood_count.hpp"

#include <array>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "support/child_process.hpp"

namespace egress::test {
namespace {

std::string nft(const std::string& netns, std::vector<std::string> words) {
  words.insert(words.begin(), "nft");
  const Finished finished = run({.words = std::move(words), .netns = netns});
  if (finished.exit_code != 0) throw std::runtime_error("nft: " + finished.output);
  return finished.output;
}

}  // namespace

// The device's own hook: a frame counts whatever its checksum, and whoever it is addressed to.
void load_counters(const std::string& netns, const std::string& name, const std::string& device,
                   const std::string& counters, const std::string& rules) {
  nft(netns, {"table netdev " + name + " {\n" + counters +
              " chain arriving {\n  type filter hook ingress device \"" + device +
              "\" priority 0;\n" + rules + " }\n}\n"});
}

// "counter marked-host-tcp4 {\n packets 17 bytes 1020\n }"
std::map<std::string, std::uint64_t> read_counters(const std::string& netns,
                                                   const std::string& name) {
  std::istringstream words(nft(netns, {"list", "counters", "table", "netdev", name}));
  std::map<std::string, std::uint64_t> counts;
  std::string word, counter;
  while (words >> word) {
    if (word == "counter") words >> counter;
    if (word == "packets") words >> counts[counter];
  }
  return counts;
}

FloodCount::FloodCount(std::string netns, const std::string& device,
                       const std::vector<FloodTarget>& targets)
    : netns_(std::move(netns)) {
  const std::array<std::pair<const char*, std::string>, 4> kinds{{
      {"tcp", "meta l4proto tcp"},
      {"udp", "udp dport " + std::to_string(kFloodPort)},
      {"icmp", "meta l4proto { icmp, icmpv6 }"},
      {"frame", "udp dport " + std::to_string(kFloodFramePort)},
  }};
  std::string counters, rules;
  for (const FloodTarget& target : targets) {
    for (const auto& [kind, match] : kinds) {
      if (kind == std::string("frame") && !target.gets_frames) continue;
      for (const auto& [family, address] : {std::pair("ip", target.v4), {"ip6", target.v6}}) {
        for (const auto& [mark, dscp] :
             {std::pair("unmarked", std::string("0")), {"marked", std::to_string(kFloodMark)}}) {
          const std::string name = std::string(mark) + "-" + target.name + "-" + kind +
                                   (family == std::string("ip") ? "4" : "6");
          counters += " counter " + name + " { }\n";
          rules += std::string("  ") + family + " daddr " + address + " " + family + " dscp " +
                   dscp + " " + match + " counter name \"" + name + "\" drop\n";
        }
      }
    }
  }
  load_counters(netns_, "floods", device, counters, rules);
}

FloodCount::Counts FloodCount::read() const {
  Counts counts;
  for (const auto& [name, packets] : read_counters(netns_, "floods")) {
    auto& into = name.starts_with("marked") ? counts.marked : counts.unmarked;
    into[name.substr(name.find('-') + 1)] = packets;
  }
  return counts;
}

std::uint64_t FloodCount::Counts::all_marked() const {
  std::uint64_t sum = 0;
  for (const auto& [name, packets] : marked) sum += packets;
  return sum;
}

}  // namespace egress::test
