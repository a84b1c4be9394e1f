// The fuzzer's corpus, and many mutations of it, through the fuzzer's own checks: what does not
// hold aborts.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "egress/guard/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace egress::guard {
namespace {

namespace fs = std::filesystem;

std::vector<Octets> corpus() {
  std::vector<fs::path> files;
  for (const auto& item :
       fs::directory_iterator(fs::path(SOURCE_DIR) / "tests/fuzz/corpus/guard_message"))
    files.push_back(item.path());
  std::ranges::sort(files);  // so that a seed means the same on every machine
  std::vector<Octets> inputs;
  for (const fs::path& file : files) {
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

TEST(MessageCorpus, EveryInputOfTheFuzzerHolds) {
  const auto inputs = corpus();
  EXPECT_GE(inputs.size(), 25u);
  for (const Octets& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
}

TEST(MessageCorpus, EveryMutationHolds) {
  const auto inputs = corpus();
  Mutator mutator;
  std::size_t queries = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Octets input = mutator.mutate(inputs[mutator.below(inputs.size())]);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    const std::size_t described = input.size() < 2 ? 0 : 2 + input[0] * 256U + input[1];
    if (described < input.size())
      queries += std::holds_alternative<Query>(read_query(std::span(input).subspan(described)));
  }
  EXPECT_GT(queries, 20'000u) << "most mutations are refused; too few get as far as a reply";
}

}  // namespace
}  // namespace egress::guard
