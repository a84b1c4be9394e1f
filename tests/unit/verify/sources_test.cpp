// In whose name packets leave, and who passes them on.
#include "egressctl/verify/sources.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "adapters/probe/neighbour.hpp"
#include "egress/core/limits.hpp"
#include "world.hpp"

namespace egress::verify {
namespace {

using probe::Outcome;
using ::testing::HasSubstr;

constexpr KindId kFreebind = "source.freebind", kSpoofed = "source.spoofed";

Disguises disguises(bool has_neighbour = true, bool is_forwarded = false) {
  return {{ip("10.0.0.77"), ip("2001:db8:77::2")}, has_neighbour, is_forwarded};
}
Refusals foreign(std::uint64_t packets, const control::RefusalsReply& refused = {}) {
  control::RefusalsReply after = refused;
  after.foreign_packets = packets;
  return {{}, after};
}
Controls root() {
  Controls controls;
  controls.reached_v4 = controls.reached_v6 = true;
  controls.is_root = true;
  return controls;
}

std::vector<Trial> all(KindId kind, const probe::Observation& seen, bool is_forwarded = false) {
  std::vector<Trial> trials;
  for (const Probe& probe : plan_disguises(kind, disguises(true, is_forwarded), well_known()))
    trials.push_back({probe, seen});
  return trials;
}
Mark mark_of(KindId kind, const probe::Observation& seen, const Refusals& refusals,
             const Controls& controls = root()) {
  const Rows rows = judge_disguises(all(kind, seen, controls.is_forwarded), refusals, controls);
  for (const Row& row : rows) EXPECT_EQ(row.mark, rows.front().mark) << row.probe;
  return rows.front().mark;
}

TEST(PlanDisguises, SpeaksInTheNameOfWhomItCanHear) {
  const auto heard = plan_disguises(kSpoofed, disguises(), well_known());
  EXPECT_EQ(heard.size(), 6U) << "this host twice and another, in each family";
  for (const Probe& probe : heard)
    EXPECT_EQ(*probe.source, probe::neighbours_address(probe.family()));
  for (const Probe& probe : plan_disguises(kFreebind, disguises(false), well_known()))
    EXPECT_EQ(well_known().hosts.back().addresses[probe.family() == Family::ipv4 ? 0 : 1],
              *probe.source);
  for (const Probe& probe : plan_disguises(kSpoofed, disguises(true, true), well_known()))
    EXPECT_NE(probe.endpoint.port, 0) << "in a container there is nobody of ours to send to";
}

TEST(JudgeDisguises, DropsThatAreCountedHold) {
  const auto dropped = outcome(Outcome::refused, EPERM);
  EXPECT_EQ(mark_of(kSpoofed, dropped, foreign(6)), Mark::holds);
  EXPECT_EQ(mark_of(kSpoofed, dropped, foreign(5)), Mark::not_proven);
  EXPECT_EQ(mark_of(kSpoofed, outcome(Outcome::refused, EACCES), foreign(6)), Mark::not_proven);
}

TEST(JudgeDisguises, WhatArrivesOrIsLetGoOrRefusedWithAnErrorIsALeak) {
  EXPECT_EQ(mark_of(kFreebind, reached(), foreign(0)), Mark::leak);
  EXPECT_EQ(mark_of(kFreebind, outcome(Outcome::timeout), foreign(0)), Mark::leak);
  EXPECT_EQ(mark_of(kFreebind, outcome(Outcome::timeout), foreign(6)), Mark::holds);
  const auto trials = all(kFreebind, outcome(Outcome::refused, EPERM));
  control::RefusalsReply refused;
  refused.refusals = {refusal(trials[1].probe.endpoint, 1)};
  EXPECT_EQ(judge_disguises(trials, foreign(6, refused), root())[1].mark, Mark::leak)
      << "the error goes to whom it names as its sender";
}

TEST(JudgeDisguises, FromAContainerSilenceNeedsTheCounter) {
  Controls forwarded = root();
  forwarded.is_forwarded = true;
  EXPECT_EQ(mark_of(kSpoofed, outcome(Outcome::timeout), foreign(4), forwarded), Mark::holds);
  EXPECT_EQ(mark_of(kSpoofed, outcome(Outcome::timeout), foreign(3), forwarded), Mark::not_proven);
}

TEST(JudgeDisguises, WhatCannotBeMadeIsAGapForRootAlone) {
  const auto forbidden = outcome(Outcome::impossible, EPERM);
  EXPECT_EQ(mark_of(kSpoofed, forbidden, foreign(0)), Mark::not_proven);
  EXPECT_EQ(mark_of(kSpoofed, forbidden, foreign(0), {}), Mark::no_right);
  EXPECT_EQ(mark_of(kSpoofed, outcome(Outcome::impossible, EMFILE), foreign(0), {}),
            Mark::not_proven);
  EXPECT_EQ(mark_of(kFreebind, outcome(Outcome::no_route), foreign(0)), Mark::not_applicable)
      << "the kernel makes none";
}

TEST(Sources, AnAnswerToWhoWasImpersonatedIsALeak) {
  EXPECT_EQ(judge_trampoline(0).mark, Mark::holds);
  EXPECT_EQ(judge_trampoline(1).mark, Mark::leak);
  World world;
  world.answers = true;
  world.outside = [](const Probe& probe) {
    return probe.kind == kFreebind ? reached() : closed_answer(probe);
  };
  const Report report = world.verify();
  EXPECT_EQ(report.verdict, Verdict::leak);
  EXPECT_EQ(std::ranges::count(report.rows, KindId("source.trampoline"), &Row::kind), 1);
}

std::vector<Trial> errors(const probe::Observation& seen) {
  std::vector<Trial> trials;
  const std::vector<Endpoint> flows{{ip("198.51.100.253"), Transport::udp, 40000},
                                    {ip("2001:db8:ffff:ffff::fe"), Transport::udp, 40000}};
  for (const Probe& probe : plan_related(flows)) trials.push_back({probe, seen});
  return trials;
}
Mark mark_of_errors(const probe::Observation& seen, std::uint64_t refused, std::uint64_t heard = 0,
                    const Controls& controls = root()) {
  control::RefusalsReply after;
  after.refused_packets = refused;
  const Rows rows = judge_related(errors(seen), {{}, after}, heard, controls);
  EXPECT_EQ(rows.size(), 2U);
  for (const Row& row : rows) EXPECT_EQ(row.mark, rows.front().mark) << row.probe;
  return rows.front().mark;
}

TEST(PlanRelated, SpeaksToWhoHasBegunTheFlowAboutIt) {
  const auto trials = errors({});
  EXPECT_EQ(trials[0].probe.endpoint.address, probe::neighbours_address(Family::ipv4));
  EXPECT_EQ(trials[1].probe.endpoint.address, probe::neighbours_address(Family::ipv6));
  EXPECT_EQ(trials[0].probe.flow->port, 40000);
  EXPECT_FALSE(has_own_count(trials[0].probe));
  EXPECT_EQ(plan_related({}).size(), 1U) << "whether it can be made at all";
}

TEST(JudgeRelated, WhatIsRefusedAndCountedHolds) {
  const auto dropped = outcome(Outcome::refused, EPERM);
  EXPECT_EQ(mark_of_errors(dropped, 2), Mark::holds);
  EXPECT_EQ(mark_of_errors(dropped, 1), Mark::not_proven) << "by whom?";
  EXPECT_EQ(mark_of_errors(outcome(Outcome::refused, ENETUNREACH), 2), Mark::not_proven);
}

TEST(JudgeRelated, WhatIsHeardIsALeakAndSilenceNeedsTheCounter) {
  const auto sent = outcome(Outcome::timeout);
  EXPECT_EQ(mark_of_errors(sent, 0, 1), Mark::leak);
  EXPECT_EQ(mark_of_errors(sent, 2, 1), Mark::leak);
  EXPECT_EQ(mark_of_errors(sent, 0), Mark::not_proven);
  EXPECT_EQ(mark_of_errors(sent, 2), Mark::holds) << "of a container";
}

TEST(JudgeRelated, WhoMayNotMakeThemSendsNone) {
  const auto forbidden = outcome(Outcome::impossible, EPERM);
  EXPECT_EQ(mark_of_errors(forbidden, 0, 0, {}), Mark::no_right);
  EXPECT_EQ(mark_of_errors(forbidden, 0), Mark::not_proven) << "root may";
  EXPECT_EQ(mark_of_errors(outcome(Outcome::no_route), 0), Mark::not_applicable);
}

TEST(Sources, AnErrorThatIsHeardIsALeakAndAFlowThatDoesNotArriveIsAGap) {
  World world;
  EXPECT_EQ(world.verify().verdict, Verdict::proven);
  world.outside = [](const Probe& probe) {
    return probe.method == Method::error ? reached() : closed_answer(probe);
  };
  EXPECT_EQ(world.verify().verdict, Verdict::leak);
  world.outside = closed_answer;
  world.is_asked = false;
  const Report report = world.verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven);
  EXPECT_THAT(report.summary, HasSubstr("source.related"));
}

TEST(Sources, AreTriedByThoseWithoutRightsToo) {
  World world;
  world.user = "coder (uid 1000)";
  world.neighbour = fail("no right");
  EXPECT_EQ(world.verify().verdict, Verdict::proven);
  world.outside = [](const Probe& probe) {
    return probe.kind == kFreebind ? outcome(Outcome::timeout) : closed_answer(probe);
  };
  EXPECT_EQ(world.verify().verdict, Verdict::leak);
}

TEST(PlanProxies, AsksEachTcpEndpointAtAnAddressThatWorks) {
  control::ProofReply proof = small_policy();
  proof.endpoints = {endpoint("tcp/a.example:8443", "a.example", {"192.0.2.1", "192.0.2.2"}),
                     endpoint("udp/pool.example:123", "pool.example", {"192.0.2.3"}),
                     endpoint("tcp/192.0.2.4:3000-4000", "", {"192.0.2.4"}),
                     endpoint("tcp/192.0.2.0/24:443", "", {})};
  Probe works;
  works.target = "tcp/a.example:8443";
  works.endpoint = {ip("192.0.2.2"), Transport::tcp, 8443};
  const Plan plan = plan_proxies(proof, std::vector{Trial{works, reached()}}, well_known());
  std::set<std::string> asked;
  for (const Probe& probe : plan.probes) asked.insert(probe.endpoint.text());
  EXPECT_EQ(asked, (std::set<std::string>{"tcp/192.0.2.2:8443", "tcp/192.0.2.4:3128",
                                          "tcp/192.0.2.4:3129"}));
  EXPECT_EQ(plan.probes.size(), 9U) << "three questions each";
  ASSERT_EQ(plan.rows.size(), 2U) << "what is not asked is said";
  EXPECT_EQ(plan.rows[0].mark, Mark::not_probed);
  EXPECT_EQ(plan.rows[0].seen, "of its ports only those that proxies have");
  EXPECT_EQ(plan.rows[1].mark, Mark::not_probed);
  EXPECT_EQ(plan.rows[1].seen, "which of its addresses answer is unknown");
  EXPECT_EQ(plan.probes.front().outsider->name.text(), "example.com");
}

TEST(PlanProxies, AsksForAHostThatIsNotAllowed) {
  control::ProofReply proof = small_policy();
  proof.endpoints.push_back(endpoint("tcp/example.com:443", "example.com", {"93.184.215.14"}));
  EXPECT_EQ(plan_proxies(proof, {}, well_known()).probes.front().outsider->name.text(),
            "github.com");
  for (const char* name : {"google.com", "github.com"})
    proof.endpoints.push_back(endpoint(std::string("tcp/") + name + ":443", name, {}));
  const Plan plan = plan_proxies(proof, {}, well_known());
  EXPECT_TRUE(plan.probes.empty());
  EXPECT_EQ(plan.rows.front().mark, Mark::untried) << "which proves nothing";
}

TEST(PlanProxies, TheLimitIsToldAndMakesAGap) {
  control::ProofReply proof = small_policy();
  proof.endpoints.clear();
  for (std::size_t i = 0; i < limits::kProofProxies; ++i)
    proof.endpoints.push_back(
        endpoint("tcp/192.0.2.1:" + std::to_string(1000 + i), "", {"192.0.2.1"}));
  EXPECT_TRUE(plan_proxies(proof, {}, well_known()).rows.empty());
  proof.endpoints.push_back(endpoint("tcp/192.0.2.2:443", "", {"192.0.2.2"}));
  const Plan plan = plan_proxies(proof, {}, well_known());
  ASSERT_EQ(plan.rows.size(), 1U);
  EXPECT_EQ(plan.rows.front().mark, Mark::untried);
}

TEST(JudgeProxies, OneGrantIsALeakAndAnEndpointIsOneRow) {
  const Plan plan = plan_proxies(small_policy(), {}, well_known());
  ASSERT_EQ(plan.probes.size(), 3U);
  const auto judged = [&](Outcome http, Outcome https, Outcome socks) {
    const Rows rows = judge_proxies(std::vector<Trial>{{plan.probes[0], outcome(http)},
                                                       {plan.probes[1], outcome(https)},
                                                       {plan.probes[2], outcome(socks)}});
    EXPECT_EQ(rows.size(), 1U);
    return rows.front().mark;
  };
  using enum Outcome;
  EXPECT_EQ(judged(wrong_answer, wrong_answer, wrong_answer), Mark::holds);
  EXPECT_EQ(judged(wrong_answer, wrong_answer, Outcome::reached), Mark::leak);
  EXPECT_EQ(judged(Outcome::reached, timeout, impossible), Mark::leak);
  EXPECT_EQ(judged(timeout, timeout, timeout), Mark::not_applicable);
  EXPECT_EQ(judged(timeout, wrong_answer, timeout), Mark::holds);
  EXPECT_EQ(judged(wrong_answer, impossible, wrong_answer), Mark::not_proven);
}

}  // namespace
}  // namespace egress::verify
