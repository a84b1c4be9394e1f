// The corpus of a target, and inputs that are nearly in it: what a build without a fuzzer runs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace egress::fuzz {

using Octets = std::vector<std::uint8_t>;

inline std::vector<Octets> corpus(const std::string& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& item :
       std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/corpus/" + target))
    files.push_back(item.path());
  std::ranges::sort(files);  // so that a seed means the same on every machine
  std::vector<Octets> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class Mutator {
 public:
  // One to three changes of what such codecs get wrong: octets, lengths, cuts, repetitions.
  Octets mutate(Octets input) {
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) change(input);
    return input;
  }
  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  void change(Octets& input) {
    static constexpr std::uint8_t kTelling[] = {0, 1, 11, 12, 41, 63, 64, 0x7F, 0x80, 0xC0, 0xFF};
    if (input.empty()) return input.push_back(0);
    const std::size_t at = below(input.size());
    const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
    const auto further =
        here + static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(input.size() - at, 64) + 1));
    switch (below(6)) {
      case 0:
        *here = static_cast<std::uint8_t>(random_());
        break;
      case 1:
        *here ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 2:
        *here = kTelling[below(std::size(kTelling))];
        break;
      case 3:
        input.insert(here, static_cast<std::uint8_t>(random_()));
        break;
      case 4:
        input.erase(here, further);
        break;
      default: {
        const Octets again(here, further);
        input.insert(input.end(), again.begin(), again.end());
      }
    }
  }

  std::minstd_rand random_{20'251'124};
};

}  // namespace egress::fuzz
