// Every fuzz target on its corpus and on many mutations of it: what does not hold aborts.
#include "fuzz/corpus.hpp"

#include <gtest/gtest.h>

using Run = int(const std::uint8_t* data, std::size_t size);
extern "C" {
Run fuzz_control;
Run fuzz_guard;
Run fuzz_known_addresses;
Run fuzz_netlink;
Run fuzz_policy;
Run fuzz_upstream_answer;
}

namespace egress::fuzz {
namespace {

struct Target {
  const char* name;
  Run* run;
  int mutations;  // about a second's worth
};
constexpr Target kTargets[] = {{"control", fuzz_control, 20'000},
                               {"guard", fuzz_guard, 500},
                               {"known_addresses", fuzz_known_addresses, 50'000},
                               {"netlink", fuzz_netlink, 10'000},
                               {"policy", fuzz_policy, 5000},
                               {"upstream_answer", fuzz_upstream_answer, 50'000}};

class Corpus : public testing::TestWithParam<Target> {
 protected:
  void run(const Octets& input) { GetParam().run(input.data(), input.size()); }
  const std::vector<Octets> inputs_ = corpus(GetParam().name);
};

TEST_P(Corpus, EveryInputHolds) {
  EXPECT_GE(inputs_.size(), 10U);
  for (const Octets& input : inputs_) run(input);
}

TEST_P(Corpus, EveryMutationHolds) {
  Mutator mutator;
  for (int i = 0; i < GetParam().mutations; ++i)
    run(mutator.mutate(inputs_[mutator.below(inputs_.size())]));
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::ValuesIn(kTargets),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace egress::fuzz
