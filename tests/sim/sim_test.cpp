// Thousands of histories, each from a seed. A failing seed is printed; add it to the list below and
// mend the product.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "sim/world.hpp"

namespace egress::sim {
namespace {

constexpr int kSteps = 400;

nft::Capabilities old_kernel() {
  nft::Capabilities capabilities;
  capabilities.updates_timeout = false;
  capabilities.destroys = false;
  capabilities.owns = false;
  return capabilities;
}

struct Yield {
  std::uint64_t opened = 0;                              // elements seen in the kernel
  std::uint64_t released = 0;                            // addresses that programs were told
  std::uint64_t foreign = 0, foreign_of_containers = 0;  // packets under addresses of others
  std::array<std::uint64_t, 3> postures{};
  Yield& operator+=(const Yield& other) {
    opened += other.opened;
    released += other.released;
    foreign += other.foreign;
    foreign_of_containers += other.foreign_of_containers;
    for (std::size_t i = 0; i < postures.size(); ++i) postures[i] += other.postures[i];
    return *this;
  }
};

Yield run(std::uint64_t seed, const nft::Capabilities& capabilities) {
  World world(seed, capabilities);
  for (int i = 0; i < kSteps && world.verdict().empty(); ++i) world.step();
  if (world.verdict().empty()) world.expect_all_reachable();
  EXPECT_EQ(world.verdict(), "") << "seed " << seed;
  return {world.opened(), world.released(), world.foreign(), world.foreign_of_containers(),
          world.postures()};
}

// EGRESSD_SIM_SEEDS runs more of them.
std::uint64_t seeds() {
  const char* wanted = std::getenv("EGRESSD_SIM_SEEDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 60;
}

TEST(Simulation, TheInvariantsHoldOnANewKernel) {
  Yield yield;
  for (std::uint64_t seed = 1; seed <= seeds() && !HasFailure(); ++seed) yield += run(seed, {});
  EXPECT_GT(yield.opened, 10'000u) << "the histories hardly opened anything: they prove nothing";
  EXPECT_GT(yield.released, 1'000u) << "the guard hardly released anything";
  EXPECT_GT(yield.foreign, 1'000u) << "hardly anybody spoke for another";
  EXPECT_GT(yield.foreign_of_containers, 100u) << "hardly a container spoke for another";
  for (const std::uint64_t moments : yield.postures)
    EXPECT_GT(moments, 500u) << "a posture hardly came about";
}

TEST(Simulation, TheInvariantsHoldOnAnOldKernel) {
  Yield yield;
  for (std::uint64_t seed = 1; seed <= seeds() && !HasFailure(); ++seed)
    yield += run(1'000'000 + seed, old_kernel());
  EXPECT_GT(yield.opened, 10'000u);
  EXPECT_GT(yield.released, 1'000u);
}

TEST(Simulation, FailingAnyOneCommitOfAHistoryIsRecoveredFrom) {
  constexpr int kErrors[] = {ENOENT, EEXIST, ENOMEM, EPERM};
  for (std::uint64_t nth = 1; nth <= 60 && !HasFailure(); ++nth) {
    World world(7 + nth, {});
    world.refuse_commit(nth, kErrors[nth % std::size(kErrors)]);
    for (int i = 0; i < 60 && world.verdict().empty(); ++i) world.step();
    if (world.verdict().empty()) world.expect_all_reachable();
    EXPECT_EQ(world.verdict(), "") << "commit " << nth << " fails";
  }
}

TEST(Simulation, FailingAnyOneQuestionOfAHistoryIsRecoveredFrom) {
  using dns::Status;
  constexpr Status kFailures[] = {Status::timeout, Status::servfail,  Status::nxdomain,
                                  Status::refused, Status::malformed, Status::unreachable,
                                  Status::nodata};
  for (std::uint64_t nth = 1; nth <= 60 && !HasFailure(); ++nth) {
    World world(700 + nth, {});
    world.fail_question(nth, kFailures[nth % std::size(kFailures)]);
    for (int i = 0; i < 60 && world.verdict().empty(); ++i) world.step();
    if (world.verdict().empty()) world.expect_all_reachable();
    EXPECT_EQ(world.verdict(), "") << "question " << nth << " fails";
  }
}

}  // namespace
}  // namespace egress::sim
