// Names below wildcards, which are kept because programs ask for them.
#include <gmock/gmock.h>

#include "egress/core/limits.hpp"
#include "egress/dns/name_table.hpp"

namespace egress::dns {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kAddress = *IpAddress::parse("192.0.2.1");

DnsName name(std::size_t number) {
  return *DnsName::parse("n" + std::to_string(number) + ".example.com");
}

class LearntNames : public testing::Test {
 protected:
  LearntNames() {
    table_.set_lifetimes({.min_ttl = 5s, .max_ttl = 1h, .grace = 15min, .stale = 1h});
  }
  void want(std::size_t number, const std::string& group = "*.example.com") {
    table_.learn(name(number), group, now_);
    table_.want({name(number), Family::ipv4}, now_);
  }
  std::vector<Question> ask() {
    table_.advance(now_);
    return table_.take_questions();
  }
  NameTable::Touched answer(std::size_t number, Status status = Status::ok, seconds ttl = 60s) {
    Answer answer{.question = {name(number), Family::ipv4},
                  .status = status,
                  .addresses = {},
                  .ttl = ttl,
                  .chain = {}};
    if (status == Status::ok) answer.addresses = {kAddress};
    return table_.absorb(answer, now_);
  }

  NameTable table_;
  Instant now_{1h};
};

TEST_F(LearntNames, AreAskedForWhenWantedAndNotRefreshed) {
  want(1);
  EXPECT_THAT(ask(), ElementsAre(Question{name(1), Family::ipv4})) << "AAAA was not asked for";
  answer(1);
  now_ += 30min;
  EXPECT_THAT(ask(), IsEmpty());
}

TEST_F(LearntNames, AreAskedForOnceHoweverManyWant) {
  want(1);
  want(1);
  EXPECT_EQ(ask().size(), 1u);
  want(1);
  EXPECT_THAT(ask(), IsEmpty()) << "under way";
}

TEST_F(LearntNames, WhatProgramsWaitForGoesAheadOfRefreshesFirstComeFirst) {
  for (std::size_t i = 100; i < 110; ++i) table_.follow(name(i), now_);
  want(1);
  want(2);
  const std::vector<Question> questions = ask();
  ASSERT_GT(questions.size(), 2u);
  EXPECT_EQ(questions[0].name, name(1));
  EXPECT_EQ(questions[1].name, name(2));
}

TEST_F(LearntNames, AreForgottenWithTheirLastAddress) {
  want(1);
  ask();
  answer(1);
  now_ += 60s + 15min - 1ms;
  ask();
  EXPECT_NE(table_.find(name(1)), nullptr);
  now_ += 1ms;
  EXPECT_THAT(table_.advance(now_), ElementsAre(kAddress));
  EXPECT_EQ(table_.find(name(1)), nullptr);
  EXPECT_EQ(table_.learnt_count(), 0u);
}

TEST_F(LearntNames, WithoutAnAddressAreForgottenSoon) {
  want(1);
  ask();
  answer(1, Status::nxdomain, 10s);
  now_ += limits::kLearntIdle - 1ms;
  ask();
  EXPECT_NE(table_.find(name(1)), nullptr);
  now_ += 1ms;
  ask();
  EXPECT_EQ(table_.find(name(1)), nullptr);
}

TEST_F(LearntNames, HaveALimitAndTheLeastWantedGoesFirst) {
  table_.follow(*DnsName::parse("exact.example.com"), now_);
  for (std::size_t i = 0; i < limits::kLearntPerWildcard; ++i) {
    now_ += 1ms;
    want(i);
  }
  table_.use(name(0), now_ += 1ms);
  EXPECT_EQ(table_.learnt_count(), limits::kLearntPerWildcard);
  want(limits::kLearntPerWildcard);
  EXPECT_EQ(table_.learnt_count(), limits::kLearntPerWildcard);
  EXPECT_NE(table_.find(name(0)), nullptr) << "in use";
  EXPECT_EQ(table_.find(name(1)), nullptr) << "not wanted for longest";
  EXPECT_NE(table_.find(*DnsName::parse("exact.example.com")), nullptr);
}

TEST_F(LearntNames, HaveALimitInAllTogether) {
  const std::size_t groups = limits::kLearntNames / limits::kLearntPerWildcard;
  for (std::size_t i = 0; i < limits::kLearntNames; ++i) {
    now_ += 1ms;
    want(i, "*.g" + std::to_string(i % groups));
  }
  want(limits::kLearntNames, "*.another");
  EXPECT_EQ(table_.learnt_count(), limits::kLearntNames);
  EXPECT_EQ(table_.find(name(0)), nullptr);
}

TEST_F(LearntNames, BecomeFollowedAndLearntAgainWithTheirAddresses) {
  want(1);
  ask();
  answer(1);
  table_.follow(name(1), now_);
  EXPECT_EQ(table_.learnt_count(), 0u);
  EXPECT_NE(table_.find(name(1))->find(kAddress), nullptr);
  EXPECT_EQ(ask().size(), 2u) << "followed: both families";
  answer(1);
  table_.learn(name(1), "*.example.com", now_);
  EXPECT_EQ(table_.learnt_count(), 1u);
  EXPECT_NE(table_.find(name(1))->find(kAddress), nullptr);
}

TEST_F(LearntNames, StayOpenWhileAnOldAnswerMayBeGiven) {
  want(1);
  ask();
  answer(1);
  now_ += 61s;
  want(1);
  ask();
  EXPECT_THAT(answer(1, Status::timeout), Contains(kAddress));
  EXPECT_EQ(table_.find(name(1))->find(kAddress)->expires, now_ + limits::kStaleTtl + 15min);
  now_ += 1h;
  want(1);
  ask();
  answer(1, Status::timeout);
  EXPECT_THAT(table_.find(name(1))->addresses, IsEmpty()) << "not for ever";
}

TEST_F(LearntNames, RememberWhoAskedUpToALimit) {
  want(1);
  for (std::uint32_t user = 0; user < 20; ++user) table_.note_asker(name(1), user / 2);
  EXPECT_EQ(table_.find(name(1))->askers.size(), limits::kAskers);
}

}  // namespace
}  // namespace egress::dns
