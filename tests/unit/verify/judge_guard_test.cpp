// What an answer of the DNS guard proves, and what only looks like one.
#include "egressctl/verify/judge_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "fixtures.hpp"

namespace egress::verify {
namespace {

using probe::Outcome;
using ::testing::HasSubstr;

const Endpoint kResolver{ip("10.0.0.2"), Transport::udp, 53};
const Controls kBoth{true, true, true, true, true};

Trial asked(GuardAnswer guard, probe::Observation seen) {
  Probe probe;
  probe.method = Method::dns;
  probe.endpoint = kResolver;
  probe.label = "test";
  probe.name = name("google.com");
  probe.guard = guard;
  return {probe, std::move(seen)};
}

Told told(const std::string& verdict, std::uint64_t moved) {
  return {guard_counts({{verdict, 7}}), guard_counts({{verdict, 7 + moved}})};
}

Row row_of(const Trial& trial, const Told& counts) {
  return judge_refusals(std::vector{trial}, {{}, {}}, kBoth, counts).front();
}
Mark mark_of(GuardAnswer guard, probe::Observation seen, const Told& counts) {
  return row_of(asked(guard, std::move(seen)), counts).mark;
}

probe::Observation with_error(int rcode, std::uint16_t code, std::string text) {
  auto seen = answer(rcode, {});
  seen.extended_error = {code, std::move(text)};
  return seen;
}

probe::Observation with_records(probe::Observation seen, std::size_t records) {
  seen.records = records;
  return seen;
}

TEST(Told, CountsWhatMoved) {
  EXPECT_EQ(told("refused", 3).moved("refused"), 3U);
  EXPECT_EQ(told("refused", 3).moved("filtered"), 0U);
  EXPECT_EQ(Told{}.moved("refused"), 0U);
  const Told restarted(guard_counts({{"refused", 9}}), guard_counts({{"refused", 2}}));
  EXPECT_EQ(restarted.moved("refused"), 0U);
  EXPECT_EQ(Told({}, guard_counts({{"refused", 2}})).moved("refused"), 2U);
}

TEST(JudgeGuard, OurRefusalThatTheGuardCountedHolds) {
  for (const int rcode : {3, 5}) {
    const Row row =
        row_of(asked(GuardAnswer::refusal, refused_by_guard(rcode)), told("refused", 1));
    EXPECT_EQ(row.mark, Mark::holds) << rcode;
    EXPECT_EQ(row.expected, "refused");
    EXPECT_THAT(row.seen, HasSubstr("EDE 15 \"egressd: not in this host's allow-list\""));
    EXPECT_EQ(row.evidence, "egressd's count of answers \"refused\" +1");
  }
}

TEST(JudgeGuard, ARefusalWithoutOurWordIsNotProven) {
  const Told counts = told("refused", 9);
  for (const int rcode : {3, 5, 2, 0}) {
    EXPECT_EQ(mark_of(GuardAnswer::refusal, answer(rcode, {}), counts), Mark::not_proven) << rcode;
  }
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_error(3, 15, "blocked by dnsmasq"), counts),
            Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_error(3, 15, ""), counts), Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_error(3, 15, "not egressd: at all"), counts),
            Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_error(3, 17, "egressd: filtered"), counts),
            Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_error(2, 15, "egressd: failed"), counts),
            Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_error(0, 15, "egressd: no data"), counts),
            Mark::not_proven);
}

TEST(JudgeGuard, AnotherEgressdFurtherUpIsNotThisOne) {
  const auto seen = refused_by_guard();
  EXPECT_EQ(mark_of(GuardAnswer::refusal, seen, {}), Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, seen, told("no data", 5)), Mark::not_proven);
  const std::vector both{asked(GuardAnswer::refusal, seen), asked(GuardAnswer::refusal, seen)};
  EXPECT_EQ(judge_refusals(both, {{}, {}}, kBoth, told("refused", 1))[0].mark, Mark::not_proven);
  EXPECT_EQ(judge_refusals(both, {{}, {}}, kBoth, told("refused", 2))[0].mark, Mark::holds);
}

TEST(JudgeGuard, AnAnswerWithDataIsALeakWhateverItSays) {
  const Told counts = told("refused", 9);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, answer(0, {ip("142.250.72.14")}), counts), Mark::leak);
  EXPECT_EQ(mark_of(GuardAnswer::refusal, with_records(refused_by_guard(), 1), counts), Mark::leak);
  EXPECT_EQ(mark_of(GuardAnswer::no_data, with_records(answer(0, {}), 1), told("no data", 9)),
            Mark::leak);
  EXPECT_EQ(mark_of(GuardAnswer::no_data, with_records(answer(3, {}), 1), told("no data", 9)),
            Mark::leak);
}

TEST(JudgeGuard, NoDataNeedsTheGuardsCount) {
  EXPECT_EQ(mark_of(GuardAnswer::no_data, answer(0, {}), told("no data", 1)), Mark::holds);
  EXPECT_EQ(mark_of(GuardAnswer::no_data, answer(0, {}), {}), Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::no_data, answer(0, {}), told("refused", 1)), Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::no_data, refused_by_guard(), told("refused", 1)), Mark::holds);
  EXPECT_EQ(mark_of(GuardAnswer::no_data, answer(3, {}), told("no data", 1)), Mark::not_proven);
  auto truncated = answer(0, {});
  truncated.is_truncated = true;  // the data may be behind it
  EXPECT_EQ(mark_of(GuardAnswer::no_data, truncated, told("no data", 1)), Mark::not_proven);
  EXPECT_EQ(row_of(asked(GuardAnswer::no_data, answer(0, {})), told("no data", 1)).expected,
            "no data");
}

TEST(JudgeGuard, NoAddressInsideMayComeBack) {
  for (const auto* inside :
       {"169.254.169.254", "169.254.1.1", "127.0.0.1", "10.20.30.40", "fd00:ec2::254", "fe80::1",
        "::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "0.0.0.0", "224.0.0.1"}) {
    const auto seen = answer(0, {ip("192.0.2.1"), ip(inside)});
    EXPECT_EQ(mark_of(GuardAnswer::no_inside, seen, {}), Mark::leak) << inside;
  }
  const auto clean = row_of(asked(GuardAnswer::no_inside, answer(0, {ip("192.0.2.1")})), {});
  EXPECT_EQ(clean.mark, Mark::holds);
  EXPECT_EQ(clean.expected, "none inside");
  EXPECT_EQ(mark_of(GuardAnswer::no_inside, answer(0, {}), {}), Mark::holds);
}

TEST(JudgeGuard, AFilteredNameWithoutAddressLeftIsOurRefusal) {
  const auto seen = refused_by_guard();
  EXPECT_EQ(mark_of(GuardAnswer::no_inside, seen, told("filtered", 1)), Mark::holds);
  EXPECT_EQ(mark_of(GuardAnswer::no_inside, seen, told("refused", 1)), Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::no_inside, answer(3, {}), told("filtered", 1)), Mark::not_proven);
  EXPECT_EQ(mark_of(GuardAnswer::no_inside, answer(2, {}), told("filtered", 1)), Mark::not_proven);
}

TEST(JudgeGuard, WhatAnEntryPermitsMayComeBack) {
  Trial mirror = asked(GuardAnswer::no_inside, answer(0, {ip("10.20.30.40")}));
  mirror.probe.allows_private = true;
  EXPECT_EQ(row_of(mirror, {}).mark, Mark::holds);
  mirror.seen.addresses.push_back(ip("127.0.0.1"));
  EXPECT_EQ(row_of(mirror, {}).mark, Mark::leak);
  mirror.probe.allows_metadata = true;
  EXPECT_EQ(row_of(mirror, {}).mark, Mark::holds);
  mirror.seen.addresses.push_back(ip("169.254.1.1"));  // link-local: no entry permits it
  EXPECT_EQ(row_of(mirror, {}).mark, Mark::leak);
}

TEST(JudgeGuard, WithoutAnAnswerTheUsualRulesHold) {
  const auto mark = [](Outcome what) {
    return mark_of(GuardAnswer::refusal, outcome(what, ECONNREFUSED), told("refused", 9));
  };
  EXPECT_EQ(mark(Outcome::timeout), Mark::not_proven);
  EXPECT_EQ(mark(Outcome::impossible), Mark::not_proven);
  EXPECT_EQ(mark(Outcome::wrong_answer), Mark::not_proven);  // a stray datagram
  EXPECT_EQ(mark(Outcome::refused), Mark::not_proven);       // nobody counted it
  const Trial rejected = asked(GuardAnswer::refusal, outcome(Outcome::refused, EHOSTUNREACH));
  const Refusals by_the_table({0, {}}, {1, {refusal(kResolver, 1)}});
  EXPECT_EQ(judge_refusals(std::vector{rejected}, by_the_table, kBoth).front().mark, Mark::holds);
}

TEST(JudgeGuard, TextFromTheNetworkIsQuoted) {
  const auto seen = with_error(3, 15, "egressd\x1b[2J\"");
  EXPECT_THAT(row_of(asked(GuardAnswer::refusal, seen), told("refused", 1)).seen,
              HasSubstr("\"egressd\\x1b[2J\\x22\""));
}

// ---- what must work

Row works_row(GuardAnswer guard, probe::Observation seen) {
  return judge_works(std::vector{asked(guard, std::move(seen))}, {{}, {}}).front();
}

TEST(JudgeGuardWorks, AnAllowedNameMustGiveAnAddress) {
  EXPECT_EQ(works_row(GuardAnswer::addresses, answer(0, {ip("192.0.2.1")})).mark, Mark::holds);
  EXPECT_EQ(works_row(GuardAnswer::addresses, answer(0, {})).mark, Mark::fails);
  EXPECT_EQ(works_row(GuardAnswer::addresses, outcome(Outcome::timeout)).mark, Mark::fails);
  const Row failed = works_row(GuardAnswer::addresses, with_error(2, 22, "timeout"));
  EXPECT_EQ(failed.mark, Mark::fails);
  EXPECT_EQ(failed.evidence, "\"timeout\"");
}

TEST(JudgeGuardWorks, WithoutAllowedNamesOurRefusalShowsThatItIsThere) {
  EXPECT_EQ(works_row(GuardAnswer::refusal, refused_by_guard()).mark, Mark::holds);
  EXPECT_EQ(works_row(GuardAnswer::refusal, answer(3, {})).mark, Mark::fails);
  EXPECT_EQ(works_row(GuardAnswer::refusal, answer(0, {ip("192.0.2.1")})).mark, Mark::fails);
}

TEST(JudgeGuardWorks, NoAddressOfItStandsInForAnother) {
  Trial dead = asked(GuardAnswer::addresses, outcome(Outcome::timeout));
  Trial alive = asked(GuardAnswer::addresses, answer(0, {ip("192.0.2.1")}));
  alive.probe.endpoint.address = ip("10.0.0.3");
  EXPECT_EQ(judge_works(std::vector{dead, alive}, {{}, {}})[0].mark, Mark::fails);
}

TEST(ControlsOf, TheGuardAnswersFromThisHostAndShowsNoFamily) {
  const Controls answered =
      controls_of(std::vector{asked(GuardAnswer::addresses, answer(0, {ip("192.0.2.1")}))});
  EXPECT_TRUE(answered.has_guard);
  EXPECT_TRUE(answered.resolver_answers);
  EXPECT_FALSE(answered.reached_v4);
  EXPECT_FALSE(answered.endpoint_connects);
  const auto failed = controls_of(std::vector{asked(GuardAnswer::addresses, answer(2, {}))});
  EXPECT_FALSE(failed.resolver_answers);
  EXPECT_TRUE(
      controls_of(std::vector{asked(GuardAnswer::refusal, refused_by_guard())}).resolver_answers);
}

}  // namespace
}  // namespace egress::verify
