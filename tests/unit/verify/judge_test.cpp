#include "egressctl/verify/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "fixtures.hpp"

namespace egress::verify {
namespace {

using probe::Outcome;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const Endpoint kOutside{ip("203.0.113.9"), Transport::tcp, 443};
const Refusals kNothing({}, {});
const Controls kBoth{true, true, true, true};

Trial trial(Method method, const Endpoint& endpoint, probe::Observation seen) {
  Probe probe;
  probe.method = method;
  probe.endpoint = endpoint;
  probe.target = probe.label = "test";
  if (method == Method::dns || method == Method::tls) probe.name = name("api.openai.com");
  return {probe, std::move(seen)};
}

probe::Observation error_from(std::optional<IpAddress> offender, bool is_local, int error) {
  auto seen = outcome(Outcome::refused, error);
  seen.offender = offender;
  seen.offender_is_local = is_local;
  return seen;
}

Refusals moved(const Endpoint& endpoint, std::uint64_t packets, std::uint64_t total) {
  return {{100, {refusal(endpoint, 7)}}, {100 + total, {refusal(endpoint, 7 + packets)}}};
}

Mark refusal_mark(const Trial& one, const Refusals& refusals, const Controls& controls = kBoth) {
  return judge_refusals(std::vector{one}, refusals, controls).front().mark;
}

TEST(Refusals, CountsWhatMovedAndNothingElse) {
  EXPECT_EQ(moved(kOutside, 2, 5).at(kOutside), 2U);
  EXPECT_EQ(moved(kOutside, 2, 5).total(), 5U);
  EXPECT_EQ(moved(kOutside, 0, 0).at(kOutside), 0U);
  const Refusals fresh({0, {}}, {1, {refusal(kOutside, 1)}});
  EXPECT_EQ(fresh.at(kOutside), 1U);
  const Refusals went_back({50, {refusal(kOutside, 9)}}, {2, {refusal(kOutside, 2)}});
  EXPECT_EQ(went_back.at(kOutside), 0U);
  EXPECT_EQ(went_back.total(), 0U);
  EXPECT_EQ(fresh.at({kOutside.address, Transport::udp, 443}), 0U);
}

TEST(JudgeRefusals, ARejectAtOnceWithOurCounterHolds) {
  for (const int error : {ECONNREFUSED, EHOSTUNREACH, EACCES}) {
    const auto one = trial(Method::tcp, kOutside, outcome(Outcome::refused, error));
    EXPECT_EQ(refusal_mark(one, moved(kOutside, 1, 1)), Mark::holds) << error;
  }
}

TEST(JudgeRefusals, WhateverAnswersIsALeakEvenIfTheCounterMoved) {
  for (const Outcome what : {Outcome::reached, Outcome::wrong_answer}) {
    for (const Method method : {Method::tcp, Method::dns, Method::ping}) {
      EXPECT_EQ(refusal_mark(trial(method, kOutside, outcome(what)), moved(kOutside, 1, 9)),
                Mark::leak);
    }
  }
}

TEST(JudgeRefusals, AStrangersRefusalIsNotProven) {
  const auto one = trial(Method::tcp, kOutside, outcome(Outcome::refused, ECONNREFUSED));
  EXPECT_EQ(refusal_mark(one, kNothing), Mark::not_proven);
  const Endpoint other_port{kOutside.address, Transport::tcp, 444};
  EXPECT_EQ(refusal_mark(one, moved(other_port, 5, 5)), Mark::not_proven);
  const Endpoint other_transport{kOutside.address, Transport::udp, 443};
  EXPECT_EQ(refusal_mark(one, moved(other_transport, 5, 5)), Mark::not_proven);
  EXPECT_EQ(refusal_mark(one, Refusals({0, {}}, {9, {}})),
            Mark::not_proven);  // only the total moved
}

TEST(JudgeRefusals, TwoProbesOfOneEndpointNeedTwoPackets) {
  const auto one = trial(Method::tcp, kOutside, outcome(Outcome::refused, ECONNREFUSED));
  const std::vector both{one, one};
  EXPECT_EQ(judge_refusals(both, moved(kOutside, 1, 1), kBoth)[0].mark, Mark::not_proven);
  EXPECT_EQ(judge_refusals(both, moved(kOutside, 2, 2), kBoth)[0].mark, Mark::holds);
}

TEST(JudgeRefusals, SilenceIsNotProvenEvenIfTheCounterMoved) {
  EXPECT_EQ(
      refusal_mark(trial(Method::tcp, kOutside, outcome(Outcome::timeout)), moved(kOutside, 3, 3)),
      Mark::not_proven);
}

TEST(JudgeRefusals, ALateErrorIsNotProven) {
  auto one = trial(Method::tcp, kOutside, outcome(Outcome::refused, ECONNREFUSED));
  one.seen.elapsed = 900ms;
  EXPECT_EQ(refusal_mark(one, moved(kOutside, 1, 1)), Mark::holds);
  one.seen.elapsed = 901ms;
  EXPECT_EQ(refusal_mark(one, moved(kOutside, 1, 1)), Mark::not_proven);
}

TEST(JudgeRefusals, AnotherErrorIsNotProven) {
  for (const int error : {ENETUNREACH, ETIMEDOUT, EMFILE, ENETDOWN, 0}) {
    const auto one = trial(Method::tcp, kOutside, outcome(Outcome::refused, error));
    EXPECT_EQ(refusal_mark(one, moved(kOutside, 1, 1)), Mark::not_proven) << error;
  }
}

TEST(JudgeRefusals, AProbeThatCouldNotBeMadeIsNotProven) {
  for (const Method method : {Method::tcp, Method::dns, Method::ping}) {
    EXPECT_EQ(refusal_mark(trial(method, kOutside, outcome(Outcome::impossible, EPERM)),
                           moved(kOutside, 1, 9)),
              Mark::not_proven);
  }
}

TEST(JudgeRefusals, WhatAUserHasNoRightToSendIsNotApplicableOnlyWhenProbingAsThatUser) {
  Controls other = kBoth;
  other.is_other_user = true;
  const auto forbidden = trial(Method::ping, kOutside, outcome(Outcome::impossible, EACCES));
  EXPECT_EQ(refusal_mark(forbidden, kNothing), Mark::not_proven);
  EXPECT_EQ(refusal_mark(forbidden, kNothing, other), Mark::no_right);
  const auto broken = trial(Method::ping, kOutside, outcome(Outcome::impossible, EMFILE));
  EXPECT_EQ(refusal_mark(broken, kNothing, other), Mark::not_proven);
}

// The kernel limits the rate of ICMP errors to others.
TEST(JudgeRefusals, FromAnotherNamespaceSilenceHoldsWithOurCounterAndOnlyThen) {
  Controls forwarded = kBoth;
  forwarded.is_forwarded = true;
  const auto silent = trial(Method::tcp, kOutside, outcome(Outcome::timeout));
  EXPECT_EQ(refusal_mark(silent, moved(kOutside, 1, 1), forwarded), Mark::holds);
  EXPECT_EQ(refusal_mark(silent, kNothing, forwarded), Mark::not_proven);
  const auto twice = judge_refusals(std::vector{silent, silent}, moved(kOutside, 1, 1), forwarded);
  EXPECT_EQ(twice.front().mark, Mark::not_proven) << "each needs a packet of its own";
  const auto ping = trial(Method::ping, kOutside, outcome(Outcome::timeout));
  EXPECT_EQ(refusal_mark(ping, moved(kOutside, 0, 1), forwarded), Mark::holds);
  const auto both = judge_refusals(std::vector{silent, ping}, moved(kOutside, 1, 1), forwarded);
  EXPECT_EQ(both.back().mark, Mark::not_proven) << "the one packet was the other's";
}

TEST(JudgeRefusals, FromAnotherNamespaceALateErrorHoldsIfItIsOfThisHost) {
  Controls forwarded = kBoth;
  forwarded.is_forwarded = true;
  for (const bool is_local : {true, false}) {
    auto seen = error_from(ip("172.17.0.1"), is_local, EHOSTUNREACH);
    seen.elapsed = 1500ms;
    const auto late = trial(Method::dns, kOutside, seen);
    EXPECT_EQ(refusal_mark(late, moved(kOutside, 2, 2)), Mark::not_proven);
    EXPECT_EQ(refusal_mark(late, moved(kOutside, 2, 2), forwarded),
              is_local ? Mark::holds : Mark::not_proven);
  }
}

TEST(JudgeRefusals, AUdpErrorFromAfarIsNotProven) {
  const Endpoint udp{ip("203.0.113.53"), Transport::udp, 53};
  const auto here = trial(Method::dns, udp, error_from(ip("192.0.2.1"), true, EHOSTUNREACH));
  const auto afar = trial(Method::dns, udp, error_from(ip("192.0.2.254"), false, EHOSTUNREACH));
  const auto by_send = trial(Method::dns, udp, error_from({}, false, EPERM));
  EXPECT_EQ(refusal_mark(here, moved(udp, 1, 1)), Mark::holds);
  EXPECT_EQ(refusal_mark(by_send, moved(udp, 1, 1)), Mark::holds);
  EXPECT_EQ(refusal_mark(by_send, kNothing), Mark::not_proven);
  EXPECT_EQ(refusal_mark(afar, moved(udp, 1, 1)), Mark::not_proven);
}

TEST(JudgeRefusals, APingNeedsALocalOffenderAndACountOfItsOwn) {
  const Endpoint host{ip("203.0.113.9"), Transport::udp, 0};
  const auto here = trial(Method::ping, host, error_from(ip("192.0.2.1"), true, EHOSTUNREACH));
  const auto afar = trial(Method::ping, host, error_from(ip("192.0.2.254"), false, EHOSTUNREACH));
  const auto unsigned_error = trial(Method::ping, host, error_from({}, false, EPERM));
  const Refusals one({0, {}}, {1, {}});
  EXPECT_EQ(refusal_mark(here, one), Mark::holds);
  EXPECT_EQ(refusal_mark(here, kNothing), Mark::not_proven);
  EXPECT_EQ(refusal_mark(afar, one), Mark::not_proven);
  EXPECT_EQ(refusal_mark(unsigned_error, one), Mark::not_proven);
  const auto other_reject =
      trial(Method::ping, host, error_from(ip("192.0.2.1"), true, ECONNREFUSED));
  EXPECT_EQ(refusal_mark(other_reject, one),
            Mark::not_proven);  // port-unreachable is not our reject

  // The refusal of another probe must not pass for that of the ping.
  const std::vector both{trial(Method::tcp, kOutside, outcome(Outcome::refused, ECONNREFUSED)),
                         here};
  const Rows counted_once = judge_refusals(both, moved(kOutside, 1, 1), kBoth);
  EXPECT_EQ(counted_once[0].mark, Mark::holds);
  EXPECT_EQ(counted_once[1].mark, Mark::not_proven);
  EXPECT_EQ(judge_refusals(both, moved(kOutside, 1, 2), kBoth)[1].mark, Mark::holds);
}

TEST(JudgeRefusals, NoRouteIsNotApplicableOnlyWhereTheFamilyIsDead) {
  const Endpoint v6{ip("2001:db8::9"), Transport::tcp, 443};
  const auto one = trial(Method::tcp, v6, outcome(Outcome::no_route));
  EXPECT_EQ(refusal_mark(one, kNothing, {true, true, true, false}), Mark::not_applicable);
  EXPECT_EQ(refusal_mark(one, kNothing, {true, true, true, true}), Mark::not_proven);
  const auto row = judge_refusals(std::vector{one}, kNothing, {true, true, true, false}).front();
  EXPECT_EQ(row.seen, "n/a: this host has no IPv6 route");
}

// ---- what must work

Trial works(std::string target, std::string_view address, Outcome what, bool optional = false) {
  Trial one = trial(Method::tcp, {ip(address), Transport::tcp, 443}, outcome(what, ECONNREFUSED));
  one.probe.target = std::move(target);
  one.probe.is_optional = optional;
  return one;
}

TEST(JudgeWorks, ReachedHoldsAndEverythingElseFails) {
  EXPECT_EQ(judge_works(std::vector{works("a", "192.0.2.1", Outcome::reached)}, kNothing)[0].mark,
            Mark::holds);
  for (const Outcome what : {Outcome::wrong_answer, Outcome::refused, Outcome::timeout,
                             Outcome::no_route, Outcome::impossible}) {
    EXPECT_EQ(judge_works(std::vector{works("a", "192.0.2.1", what)}, kNothing)[0].mark,
              Mark::fails);
    EXPECT_EQ(judge_works(std::vector{works("a", "192.0.2.1", what, true)}, kNothing)[0].mark,
              Mark::warning);
  }
}

TEST(JudgeWorks, ADeadAddressOfALiveNameIsAWarning) {
  const std::vector trials{
      works("a", "192.0.2.1", Outcome::reached), works("a", "192.0.2.2", Outcome::timeout),
      works("a", "2001:db8::1", Outcome::timeout), works("b", "192.0.2.2", Outcome::timeout)};
  const Rows rows = judge_works(trials, kNothing);
  EXPECT_EQ(rows[1].mark, Mark::warning);
  EXPECT_EQ(rows[2].mark, Mark::fails);  // IPv4 does not speak for IPv6
  EXPECT_EQ(rows[3].mark, Mark::fails);  // nor one target for another
}

TEST(JudgeWorks, AnAllowedAddressThatWeRefusedFailsInAnyCase) {
  const std::vector trials{works("a", "192.0.2.1", Outcome::reached),
                           works("a", "192.0.2.2", Outcome::refused)};
  const Rows rows = judge_works(trials, moved(trials[1].probe.endpoint, 1, 1));
  EXPECT_EQ(rows[1].mark, Mark::fails);
  EXPECT_THAT(rows[1].evidence, HasSubstr("egressd refused it"));
}

TEST(JudgeWorks, AFamilyWithoutRouteIsNotApplicableWhileTheOtherWorks) {
  const std::vector both{works("a", "192.0.2.1", Outcome::reached),
                         works("a", "2001:db8::1", Outcome::no_route),
                         works("b", "2001:db8::2", Outcome::no_route)};
  const Rows rows = judge_works(both, kNothing);
  EXPECT_EQ(rows[1].mark, Mark::not_applicable);
  EXPECT_EQ(rows[2].mark, Mark::fails);  // b has no other way
}

TEST(JudgeWorks, OneOfSeveralResolversIsEnough) {
  auto dead = trial(Method::dns, {ip("10.0.0.2"), Transport::udp, 53}, outcome(Outcome::timeout));
  auto alive =
      trial(Method::dns, {ip("2001:db8::53"), Transport::udp, 53}, answer(0, {ip("192.0.2.1")}));
  const Rows rows = judge_works(std::vector{dead, alive}, kNothing);
  EXPECT_EQ(rows[0].mark, Mark::warning);
  EXPECT_EQ(rows[1].mark, Mark::holds);
}

TEST(ControlsOf, NeedsAnAnswerAndAConnection) {
  const auto nxdomain = trial(Method::dns, {ip("10.0.0.2"), Transport::udp, 53}, answer(3, {}));
  const auto silent =
      trial(Method::dns, {ip("10.0.0.2"), Transport::udp, 53}, outcome(Outcome::timeout));
  const auto connected = works("a", "2001:db8::1", Outcome::reached);
  const auto bad_certificate = works("a", "192.0.2.1", Outcome::wrong_answer);
  EXPECT_TRUE(controls_of(std::vector{nxdomain}).resolver_answers);
  EXPECT_FALSE(controls_of(std::vector{silent}).resolver_answers);
  EXPECT_FALSE(controls_of(std::vector{nxdomain}).endpoint_connects);
  EXPECT_TRUE(controls_of(std::vector{connected}).endpoint_connects);
  EXPECT_TRUE(controls_of(std::vector{connected}).reached_v6);
  EXPECT_FALSE(controls_of(std::vector{connected}).reached_v4);
  EXPECT_FALSE(controls_of(std::vector{bad_certificate}).endpoint_connects);
  EXPECT_TRUE(controls_of(std::vector{bad_certificate}).reached_v4);
}

}  // namespace
}  // namespace egress::verify
