// What must be so, whatever is tried; and what becomes of flows with a far end of our own.
#include "egressctl/verify/truths.hpp"

#include <gmock/gmock.h>

#include "egressctl/verify/flows.hpp"
#include "fixtures.hpp"
#include "world.hpp"

namespace egress::verify {
namespace {

using probe::Outcome;
using ::testing::HasSubstr;

TEST(JudgeTruths, EachDifferenceFailsInItsOwnRow) {
  const auto marks = [](const control::DiffReply& diff) {
    return std::vector{judge_table(diff).mark, judge_elements(diff).mark, judge_expiry(diff).mark};
  };
  using enum Mark;
  EXPECT_EQ(marks({}), (std::vector{holds, holds, holds}));
  EXPECT_EQ(marks({{"chain output: policy accept"}, {}, {}, {}}),
            (std::vector{fails, holds, holds}));
  EXPECT_EQ(marks({{}, {"192.0.2.1 . tcp . 443"}, {}, {}}), (std::vector{holds, fails, holds}));
  EXPECT_EQ(marks({{}, {}, {"192.0.2.1 . tcp . 443"}, {}}), (std::vector{holds, fails, holds}));
  EXPECT_EQ(marks({{}, {}, {}, {"192.0.2.1 . tcp . 443 never ends"}}),
            (std::vector{holds, holds, fails}));
  const control::DiffReply two{{}, {"missing one"}, {"odd one"}, {}};
  EXPECT_EQ(judge_elements(two).seen, "2 differences");
  EXPECT_THAT(judge_elements(two).evidence, HasSubstr("odd one")) << "what is open comes first";
}

// Between two readings a tenth of a second apart.
Row judge_clocks_at(std::int64_t boottime_ms, std::string wall) {
  const auto at = [](int ms) {
    return Clocks{Instant(milliseconds(ms)), WallTime(seconds(1'000'000'000))};
  };
  Health health{at(50'000), {}, at(50'100)};
  health.reply.boottime_ms = boottime_ms;
  health.reply.wall = std::move(wall);
  return judge_clocks(health);
}

TEST(JudgeTruths, ClocksMustAgreeWithinTwoSeconds) {
  constexpr const char* kNow = "2001-09-09T01:46:40Z";
  EXPECT_EQ(judge_clocks_at(50'050, kNow).mark, Mark::holds);
  EXPECT_EQ(judge_clocks_at(48'000, kNow).mark, Mark::holds);
  EXPECT_EQ(judge_clocks_at(52'100, "2001-09-09T01:46:42Z").mark, Mark::holds);
  for (const std::int64_t wrong :
       {std::int64_t{0}, std::int64_t{47'999}, std::int64_t{52'101}, std::int64_t{1} << 53U})
    EXPECT_EQ(judge_clocks_at(wrong, kNow).mark, Mark::fails) << wrong;
  for (const char* wrong :
       {"2001-09-09T01:46:37Z", "2001-09-09T01:46:43Z", "2040-01-01T00:00:00Z", "", "now"})
    EXPECT_EQ(judge_clocks_at(50'050, wrong).mark, Mark::fails) << wrong;
}

TEST(JudgeTruths, AnotherTableFailsIfItCanPassUsAndIsUnprovenIfUnread) {
  control::HealthReply health;
  ASSERT_EQ(judge_others(health).size(), 1U);
  EXPECT_EQ(judge_others(health).front().mark, Mark::holds);
  health.unread = "listing the tables: Operation not permitted";
  EXPECT_EQ(judge_others(health).front().mark, Mark::not_proven);
  health.unread.clear();
  health.other_tables = {{"ip nat", "nat output -100", false, "harmless"},
                         {"inet x", "filter postrouting 0", true, "rewrites"}};
  const Rows rows = judge_others(health);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].mark, Mark::holds);
  EXPECT_EQ(rows[0].probe, "table ip nat");
  EXPECT_EQ(rows[1].mark, Mark::fails);
  EXPECT_EQ(rows[1].evidence, "rewrites");
}

TEST(JudgeTruths, AnAcceptedAttemptFails) {
  using enum Attempt::Outcome;
  EXPECT_EQ(judge_attempt({refused, "nobody", "no"}).mark, Mark::holds);
  EXPECT_EQ(judge_attempt({accepted, "nobody", "yes"}).mark, Mark::fails);
  EXPECT_EQ(judge_attempt({impossible, "ann", "may"}).mark, Mark::untried);
}

TEST(Truths, EachIsPartOfTheVerdict) {
  World clocks;
  clocks.spoil_health = [](Health& health) { health.reply.boottime_ms += 3'600'000; };
  EXPECT_EQ(clocks.verify().verdict, Verdict::failed);
  World others;
  others.spoil_health = [](Health& health) {
    health.reply.other_tables = {{"inet x", "filter postrouting 0", true, "rewrites"}};
  };
  EXPECT_EQ(others.verify().verdict, Verdict::failed);
  World socket;
  socket.attempt.outcome = Attempt::Outcome::accepted;
  EXPECT_EQ(socket.verify().verdict, Verdict::failed);
  World expiry;
  expiry.proof.table.misdated = {"allow4 192.0.2.1 . tcp . 443 never ends"};
  EXPECT_EQ(expiry.verify().verdict, Verdict::failed);
  World forwarding;
  forwarding.passages = {{"docker0", "IPv4 is forwarded, and it is not held", "hold it"}};
  const Report report = forwarding.verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven);
  EXPECT_EQ(report.summary, "1 probe is without evidence (true.forwarding)");
}

// Nothing is open by it.
TEST(Truths, QuestionsThatAnotherFirewallDropsAreAWarningWithTheCommand) {
  World world;
  world.spoil_health = [](Health& health) {
    health.reply.unheard = {{"docker0", "ufw", "ufw allow in on docker0 to any port 553"}};
  };
  const Report report = world.verify();
  EXPECT_EQ(report.verdict, Verdict::proven);
  const auto row = std::ranges::find(report.rows, Mark::warning, &Row::mark);
  ASSERT_NE(row, report.rows.end());
  EXPECT_EQ(row->seen, "the last did not; what may have dropped it: ufw");
  EXPECT_EQ(row->evidence, "ufw allow in on docker0 to any port 553");
}

TEST(Truths, WhatMattersAndCouldNotBeTriedIsNotProven) {
  World world;
  world.attempt = {Attempt::Outcome::impossible, "ann", "may"};
  const Report report = world.verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven);
  EXPECT_EQ(report.summary, "what matters could not be tried: true.socket");
}

TEST(RevokedFlow, ThatGoesOnIsALeakAndThatIsLostIsNotProven) {
  World world;
  probe::Observation seen = reached();
  world.outside = [&](const Probe& probe) {
    return probe.kind == KindId("refused.revoked") ? seen : closed_answer(probe);
  };
  EXPECT_EQ(world.verify().verdict, Verdict::leak);
  seen = outcome(Outcome::timeout);
  EXPECT_EQ(world.verify().verdict, Verdict::not_proven) << "its far end always answers";
}

TEST(RevokedFlow, ThatNobodyCanBePlayedForIsNotProvenForRoot) {
  World world;
  world.neighbour = fail("open /dev/net/tun: No such file or directory");
  EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
  world.user = "coder (uid 1000)";
  EXPECT_EQ(world.verify().verdict, Verdict::proven) << "who may not play one";
}

TEST(RevokedFlow, ThatNothingCouldBeAllowedForIsNotProven) {
  World world;
  world.granted = fail("no right");
  EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
}

TEST(RevokedFlow, ThatAContainerCannotOpenCannotGoOn) {
  const control::ProofReply policy = small_policy();
  const auto targets = plan_grant(policy);
  const Trial flow{plan_granted_flows(targets, 20'000).front(), outcome(Outcome::timeout)};
  const auto mark = [&](bool is_forwarded) {
    return judge_granted_flows(std::vector{flow}, policy, policy, is_forwarded).rows.front().mark;
  };
  EXPECT_EQ(mark(true), Mark::not_applicable);
  EXPECT_EQ(mark(false), Mark::not_proven);
}

TEST(RevokedFlow, ThatWasNeverEstablishedProvesNothing) {
  World world;
  world.is_established = false;
  EXPECT_EQ(world.verify().verdict, Verdict::not_proven);
}

TEST(RevokedFlow, IsNotTriedWhereThePolicyAllowsIt) {
  control::ProofReply proof = small_policy();
  EXPECT_EQ(plan_grant(proof).size(), 2U);
  proof.endpoints.push_back(endpoint("udp/198.51.100.0/24:1-100", "", {}));
  EXPECT_EQ(plan_grant(proof), std::vector<std::string>{"udp/[2001:db8:ffff:ffff::fe]:9"});
}

TEST(InboundAnswer, HoldsOnlyIfItWasLetGo) {
  const std::vector<Probe> probes = plan_inbound();
  ASSERT_EQ(probes.size(), 2U);
  const auto mark_of = [&](const probe::Observation& seen) {
    return judge_inbound(std::vector<Trial>{{probes[0], seen}}, {{}, {}}).front().mark;
  };
  EXPECT_EQ(mark_of(reached()), Mark::holds);
  EXPECT_EQ(mark_of(outcome(Outcome::refused, EPERM)), Mark::fails);
  EXPECT_EQ(mark_of(outcome(Outcome::timeout)), Mark::not_proven);
  EXPECT_EQ(mark_of(outcome(Outcome::no_route)), Mark::not_applicable);
  EXPECT_EQ(mark_of(outcome(Outcome::impossible, EPERM)), Mark::not_proven);
  EXPECT_EQ(mark_of(outcome(Outcome::impossible, EMFILE)), Mark::not_proven);
  const std::vector<std::string> listed{"22/tcp"};
  const auto unlisted = [&](const probe::Observation& seen, std::uint64_t refused) {
    control::RefusalsReply after;
    after.refusals = {refusal(probes[0].endpoint, refused)};
    return judge_inbound(std::vector<Trial>{{probes[0], seen}}, {{}, after}, listed).front().mark;
  };
  EXPECT_EQ(unlisted(reached(), 0), Mark::leak);
  EXPECT_EQ(unlisted(outcome(Outcome::refused, EPERM), 1), Mark::holds);
  EXPECT_EQ(unlisted(outcome(Outcome::refused, EPERM), 0), Mark::not_proven);
  EXPECT_TRUE(leaves_out_flows(listed));
  EXPECT_FALSE(leaves_out_flows({"22/tcp", "60000-61000/udp"}));
}

}  // namespace
}  // namespace egress::verify
