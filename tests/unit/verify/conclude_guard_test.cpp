// The verdict over a whole run with `dns: guard`.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "world.hpp"

namespace egress::verify {
namespace {

using probe::Observation;
using probe::Outcome;

World guarded() {
  World world;
  world.proof = guarded_policy();
  world.proof.endpoints.push_back(endpoint("tcp/*.wild.example:443", "*.wild.example", {}));
  world.proof.filtered = {"rebind.example"};
  return world;
}

TEST(ConcludeGuard, AWorldThatHoldsIsProven) {
  const Report report = guarded().verify();
  for (const Row& row : report.rows) {
    const bool is_wildcard = row.probe == "tcp/*.wild.example:443";
    EXPECT_EQ(row.mark, is_wildcard ? Mark::not_probed : Mark::holds)
        << row.probe << ": " << row.seen << ": " << row.evidence;
  }
  EXPECT_EQ(report.verdict, Verdict::proven) << report.summary;
}

TEST(ConcludeGuard, APolicyOfAddressesAloneIsProven) {
  World world = guarded();
  world.proof.filtered.clear();
  world.proof.endpoints = {endpoint("tcp/192.0.2.3:443", "", {"192.0.2.3"})};
  EXPECT_EQ(world.verify().verdict, Verdict::proven) << world.verify().summary;
}

TEST(ConcludeGuard, NeverProvenOnADeadNetworkThoughTheGuardAnswersFromMemory) {
  for (const Outcome dead : {Outcome::timeout, Outcome::no_route, Outcome::impossible}) {
    World world = guarded();
    world.allowed = [dead](const Probe& probe) {
      return probe.guard ? guard_answer(probe) : outcome(dead);
    };
    EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
  }
}

TEST(ConcludeGuard, NeverProvenWithoutTheGuard) {
  for (const Observation& seen :
       {outcome(Outcome::timeout), outcome(Outcome::refused, ECONNREFUSED), answer(2, {})}) {
    World world = guarded();
    world.allowed = world.outside = [&](const Probe& probe) {
      return probe.guard ? seen : allowed_answer(probe);
    };
    EXPECT_NE(world.verify().verdict, Verdict::proven);
    world.outside = closed_answer;
    EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
  }
}

TEST(ConcludeGuard, OneAnswerFromElsewhereIsALeakAndOnlyThatRowIsFlagged) {
  const auto probes = plan_refusals(guarded().proof, {}).probes;
  ASSERT_GT(probes.size(), 30U);
  for (std::size_t hole = 0; hole < probes.size(); ++hole) {
    World world = guarded();
    std::size_t n = 0;
    world.outside = [&](const Probe& probe) {
      if (n++ != hole) return closed_answer(probe);
      return probe.guard ? answer(0, {ip("169.254.169.254")}) : reached();
    };
    const Report report = world.verify();
    EXPECT_EQ(report.verdict, Verdict::leak) << describe(probes[hole]);
    EXPECT_EQ(std::ranges::count(report.rows, Mark::leak, &Row::mark), 1) << describe(probes[hole]);
    EXPECT_EQ(std::ranges::count(report.rows, Mark::not_proven, &Row::mark), 0);
  }
}

TEST(ConcludeGuard, OneRefusalThatIsNotOursIsNotProven) {
  const auto probes = plan_refusals(guarded().proof, {}).probes;
  for (std::size_t stranger = 0; stranger < probes.size(); ++stranger) {
    if (!probes[stranger].guard) continue;
    World world = guarded();
    std::size_t n = 0;
    world.outside = [&](const Probe& probe) {
      return n++ == stranger ? answer(3, {}) : closed_answer(probe);
    };
    EXPECT_EQ(world.verify().verdict, Verdict::not_proven) << describe(probes[stranger]);
  }
}

TEST(ConcludeGuard, AnswersThatTheGuardDidNotCountAreNotProven) {
  World world = guarded();
  world.is_guard_counting = false;
  EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
}

TEST(ConcludeGuard, AnAddressThatIsGivenAndNotOpenFails) {
  World world = guarded();
  world.allowed = [](const Probe& probe) {
    const bool is_answer = probe.guard && probe.label == "api.openai.com";
    return is_answer ? answer(0, {ip("192.0.2.66")}) : allowed_answer(probe);
  };
  EXPECT_EQ(world.verify().verdict, Verdict::failed) << world.verify().summary;
}

TEST(ConcludeGuard, AHostWithoutIpv6IsProvenOverIpv4) {
  World world = guarded();
  world.proof.resolvers.push_back("2001:db8::53");
  const auto without_v6 = [](const Network& base) {
    return [base](const Probe& probe) {
      return probe.family() == Family::ipv6 ? outcome(Outcome::no_route) : base(probe);
    };
  };
  world.allowed = without_v6(allowed_answer);
  world.outside = without_v6(closed_answer);
  EXPECT_EQ(world.verify().verdict, Verdict::proven) << world.verify().summary;
}

}  // namespace
}  // namespace egress::verify
