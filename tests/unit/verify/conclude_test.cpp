// The verdict over a whole run: it is PROVEN only for one kind of world.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/plan.hpp"
#include "world.hpp"

namespace egress::verify {
namespace {

using probe::Observation;
using probe::Outcome;
using testing::HasSubstr;
using testing::Not;

TEST(Conclude, AWorldThatHoldsIsProven) {
  const Report report = World{}.verify();
  for (const Row& row : report.rows)
    EXPECT_EQ(row.mark, Mark::holds) << row.probe << ": " << row.evidence;
  EXPECT_EQ(report.verdict, Verdict::proven) << report.summary;
}

TEST(Conclude, NeverProvenOnADeadNetwork) {
  for (const Outcome dead : {Outcome::timeout, Outcome::no_route, Outcome::impossible}) {
    World world;
    world.allowed = world.outside = [dead](const Probe&) { return outcome(dead); };
    EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
  }
  for (const int error : {ENETUNREACH, EHOSTUNREACH, ECONNREFUSED, ENETDOWN, EPERM}) {
    World world;  // even if our own counters run up meanwhile
    world.allowed = [error](const Probe&) { return outcome(Outcome::refused, error); };
    EXPECT_EQ(world.verify().verdict, Verdict::not_proven) << error;
  }
}

TEST(Conclude, NeverProvenWithoutEitherControl) {
  World no_resolver;
  no_resolver.allowed = [](const Probe& probe) {
    return probe.method == Method::dns ? outcome(Outcome::timeout) : reached();
  };
  EXPECT_EQ(no_resolver.verify().verdict, Verdict::not_proven);
  World no_endpoint;
  no_endpoint.allowed = [](const Probe& probe) {
    return probe.method == Method::dns ? answer(0, {ip("192.0.2.1")}) : outcome(Outcome::timeout);
  };
  EXPECT_EQ(no_endpoint.verify().verdict, Verdict::not_proven);
  World nothing_allowed;
  nothing_allowed.proof.endpoints.clear();
  EXPECT_EQ(nothing_allowed.verify().verdict, Verdict::not_proven);
}

TEST(Conclude, OneHoleAnywhereIsALeakAndOnlyThatRowIsFlagged) {
  World whole;
  std::size_t count = 0;
  whole.outside = [&](const Probe& probe) {
    ++count;
    return closed_answer(probe);
  };
  ASSERT_EQ(whole.verify().verdict, Verdict::proven);
  ASSERT_GT(count, 10U);
  const std::size_t all = count;
  for (std::size_t hole = 0; hole < all; ++hole) {
    World world;
    std::size_t n = 0;
    world.outside = [&](const Probe& probe) {
      return n++ == hole ? reached() : whole.outside(probe);
    };
    const Report report = world.verify();
    EXPECT_EQ(report.verdict, Verdict::leak) << hole;
    EXPECT_EQ(std::ranges::count(report.rows, Mark::leak, &Row::mark), 1) << hole;
    EXPECT_EQ(std::ranges::count(report.rows, Mark::not_proven, &Row::mark), 0) << hole;
  }
}

TEST(Conclude, OneSilentOrUncountedRefusalIsNotProven) {
  World silent;
  silent.outside = [base = World{}.outside](const Probe& probe) {
    return probe.method == Method::ping ? outcome(Outcome::timeout) : base(probe);
  };
  EXPECT_EQ(silent.verify().verdict, Verdict::not_proven);
  World uncounted;
  uncounted.counts = false;
  EXPECT_EQ(uncounted.verify().verdict, Verdict::not_proven);
}

TEST(Conclude, ALeakOutranksEveryOtherVerdictButAudit) {
  World world;
  world.allowed = [](const Probe&) { return outcome(Outcome::timeout); };
  world.outside = [](const Probe&) { return reached(); };
  world.proof.table.deviations = {"chain output is missing"};
  EXPECT_EQ(world.verify().verdict, Verdict::leak);
  world.proof.mode = "audit";
  EXPECT_EQ(world.verify().verdict, Verdict::not_enforced);
}

TEST(Conclude, ADifferentTableOrABrokenEndpointFails) {
  World table;
  table.proof.table.unexpected = {"203.0.113.9 . tcp . 443"};
  EXPECT_EQ(table.verify().verdict, Verdict::failed);
  World endpoint_fails;
  endpoint_fails.proof.endpoints.push_back(
      endpoint("tcp/b.example.com:443", "b.example.com", {"192.0.2.7"}));
  endpoint_fails.allowed = [base = World{}.allowed](const Probe& probe) {
    return probe.label == "b.example.com" ? outcome(Outcome::wrong_answer) : base(probe);
  };
  EXPECT_EQ(endpoint_fails.verify().verdict, Verdict::failed);
  endpoint_fails.proof.endpoints.back().optional = true;
  EXPECT_EQ(endpoint_fails.verify().verdict, Verdict::proven);
}

TEST(Conclude, AHostWithoutIpv6IsProvenOverIpv4) {
  World world;
  const auto without_v6 = [](const std::function<Observation(const Probe&)>& base) {
    return [base](const Probe& probe) {
      return probe.family() == Family::ipv6 ? outcome(Outcome::no_route) : base(probe);
    };
  };
  world.allowed = without_v6(World{}.allowed);
  world.outside = without_v6(World{}.outside);
  EXPECT_EQ(world.verify().verdict, Verdict::proven);
}

// EPERM on a raw socket: who is not root cannot send such packets either, which is said; for root
// something else is wrong, and nothing is shown.
TEST(Conclude, WhatAUserHasNoRightToSendIsNamedAndForRootIsAGap) {
  World world;
  world.outside = [](const Probe& probe) {
    return probe.kind == KindId("refused.gre") ? outcome(Outcome::impossible, EPERM)
                                               : closed_answer(probe);
  };
  const Report root = world.verify();
  EXPECT_EQ(root.verdict, Verdict::not_proven);
  EXPECT_EQ(root.summary, "2 probes are without evidence (refused.gre)");
  world.user = "coder (uid 1000)";
  world.neighbour = fail("no right");
  const Report coder = world.verify();
  EXPECT_EQ(coder.verdict, Verdict::proven) << coder.summary;
}

TEST(Conclude, WhatWasProvenForOneUserIsSaidToBeSo) {
  Findings findings;
  findings.controls = {true, true, true, true};
  findings.controls.user = "coder (uid 1000)";
  const Row refused{"refused.ssh", "ssh", "refused", "refused", {}, Mark::holds, {}};
  findings.refusals = {refused, refused, refused};
  findings.refusals[1].kind = "refused.gre";
  findings.refusals[1].mark = Mark::no_right;
  findings.refusals[2].kind = "refused.revoked";
  findings.refusals[2].mark = Mark::untried;
  const Report report = conclude(findings);
  EXPECT_EQ(report.verdict, Verdict::proven);
  EXPECT_EQ(report.summary,
            "only the allow-list is reachable for coder (uid 1000): 0 allowed probes work, 1 "
            "others are refused by egressd; not sent, since this user has no right to: "
            "refused.gre; not tried: refused.revoked (root tries them)");
  findings.refusals[2].kind = "refused.fragment";
  EXPECT_EQ(conclude(findings).verdict, Verdict::not_proven);
}

TEST(Conclude, WhatIsWiderThanItLooksIsSaidBesideTheProof) {
  Findings findings;
  findings.controls = {true, true, true, true};
  findings.refusals = {{"refused.ssh", "ssh", "refused", "refused", {}, Mark::holds, {}}};
  EXPECT_THAT(conclude(findings).summary, Not(HasSubstr("proxies")));
  EXPECT_THAT(conclude(findings).summary, Not(HasSubstr("inbound")));
  findings.answers_anybody = true;
  for (const char* target : {"192.0.2.0/24:443", "10.0.0.0/8:443", "a:443", "b:443"})
    findings.refusals.push_back({"source.proxy", target, "", "", {}, Mark::not_probed, {}});
  const Report report = conclude(findings);
  EXPECT_EQ(report.verdict, Verdict::proven);
  EXPECT_THAT(
      report.summary,
      HasSubstr("not asked whether they are proxies: 192.0.2.0/24:443, 10.0.0.0/8:443, "
                "a:443 and 1 more; whoever can reach this host is answered (inbound: any)"));
}

TEST(Conclude, NotProvenWhenThePolicyLeavesNothingToRefuse) {
  Findings findings;
  findings.controls = {true, true, true, true};
  findings.refusals = {
      {"refused.by-name", "google.com", "refused", "allowed by policy: x", {}, Mark::skipped, {}}};
  findings.truths = {judge_table({})};
  EXPECT_EQ(conclude(findings).verdict, Verdict::not_proven);
}

}  // namespace
}  // namespace egress::verify
