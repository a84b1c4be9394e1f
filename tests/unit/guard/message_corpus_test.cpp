// The fuzzer's corpus, and many mutations of it, through the fuzzer's own checks: what does not
// hold aborts.
#include <gtest/gtest.h>

#include "egress/guard/message.hpp"
#include "fuzz/corpus.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace egress::guard {
namespace {

TEST(MessageCorpus, EveryInputOfTheFuzzerHolds) {
  const auto inputs = fuzz::corpus("guard_message");
  EXPECT_GE(inputs.size(), 25u);
  for (const Octets& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
}

TEST(MessageCorpus, EveryMutationHolds) {
  const auto inputs = fuzz::corpus("guard_message");
  fuzz::Mutator mutator;
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
