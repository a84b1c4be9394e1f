// Names below wildcards, which are kept because programs ask for them.
#include <gmock/gmock.h>

#include <algorithm>

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

  // `count` addresses that no other number has.
  static std::vector<IpAddress> addresses_of(std::size_t number, std::size_t count) {
    std::vector<IpAddress> addresses;
    for (std::size_t i = number * 256; i < number * 256 + count; ++i)
      addresses.push_back(IpAddress::v4(
          {static_cast<std::uint8_t>(20 + (i >> 24)), static_cast<std::uint8_t>(i >> 16),
           static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}));
    return addresses;
  }
  NameTable::Touched answer_with(std::size_t number, const std::vector<IpAddress>& addresses) {
    return table_.absorb({.question = {name(number), Family::ipv4},
                          .status = Status::ok,
                          .addresses = addresses,
                          .ttl = 60s,
                          .chain = {}},
                         now_);
  }
  NameTable::Touched learn_with(std::size_t number, std::size_t count) {
    now_ += 1ms;
    want(number);
    ask();
    return answer_with(number, addresses_of(number, count));
  }
  // As many names as fit, each with as many addresses as one answer may give it.
  void fill() {
    for (std::size_t i = 0; i < kFull; ++i) learn_with(i, limits::kAddressesPerLearntAnswer);
  }
  static constexpr std::size_t kFull = limits::kLearntAddresses / limits::kAddressesPerLearntAnswer;

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

TEST_F(LearntNames, TakeTheFirstAddressesOfALongAnswer) {
  for (const std::size_t excess : {std::size_t{0}, std::size_t{1}, std::size_t{240}}) {
    learn_with(1, limits::kAddressesPerLearntAnswer + excess);
    const std::vector<HeldAddress>& held = table_.find(name(1))->addresses;
    EXPECT_EQ(held.size(), limits::kAddressesPerLearntAnswer);
    EXPECT_EQ(held.front().address, addresses_of(1, 1).front());
    now_ += 61s;
  }
}

TEST_F(LearntNames, HoldAFewAnswersAndTheOldestAddressesLeaveFirst) {
  const std::size_t answers = limits::kAddressesPerLearntName / limits::kAddressesPerLearntAnswer;
  for (std::size_t i = 0; i <= answers; ++i) {
    want(1);
    ask();
    const auto touched = answer_with(1, addresses_of(i, limits::kAddressesPerLearntAnswer));
    EXPECT_LE(table_.find(name(1))->addresses.size(), limits::kAddressesPerLearntName);
    EXPECT_EQ(table_.find(name(1))->find(addresses_of(0, 1)[0]) == nullptr, i == answers);
    if (i == answers) {
      EXPECT_THAT(touched, Contains(addresses_of(0, 1)[0])) << "closed";
    }
    now_ += 61s;
  }
  EXPECT_EQ(table_.learnt_address_count(), limits::kAddressesPerLearntName);
}

TEST_F(LearntNames, HoldABoundedNumberOfAddressesInAllAndTheLeastWantedIsForgotten) {
  const DnsName written_out = *DnsName::parse("exact.example.com");
  table_.follow(written_out, now_);
  ask();
  table_.absorb({{written_out, Family::ipv4}, Status::ok, addresses_of(100'000, 256), 60s, {}},
                now_);
  want(50'000);  // has no address, so that to forget it would help nobody
  fill();
  EXPECT_EQ(table_.learnt_address_count(), limits::kLearntAddresses);
  EXPECT_EQ(table_.learnt_count(), kFull + 1);
  EXPECT_NE(table_.find(name(0)), nullptr) << "at the limit all are there";
  table_.use(name(0), now_ += 1ms);
  const auto touched = learn_with(kFull, 1);
  EXPECT_EQ(table_.learnt_address_count(),
            limits::kLearntAddresses - limits::kAddressesPerLearntAnswer + 1);
  EXPECT_NE(table_.find(name(0)), nullptr) << "in use";
  EXPECT_EQ(table_.find(name(1)), nullptr) << "not wanted for longest";
  EXPECT_THAT(touched, Contains(addresses_of(1, 1)[0])) << "closed";
  EXPECT_NE(table_.find(name(2)), nullptr);
  EXPECT_NE(table_.find(name(50'000)), nullptr);
  EXPECT_EQ(table_.find(written_out)->addresses.size(), 256u);
}

TEST_F(LearntNames, AreNeverForgottenForTheirOwnAnswer) {
  now_ += 1ms;
  want(kFull);  // the least wanted of all, when its answer comes
  ask();
  fill();
  answer_with(kFull, addresses_of(kFull, 256));
  EXPECT_EQ(table_.find(name(kFull))->addresses.size(), limits::kAddressesPerLearntAnswer);
  EXPECT_LE(table_.learnt_address_count(), limits::kLearntAddresses);
}

TEST_F(LearntNames, OfAnEarlierRunTakeNoMoreRoomThanThereIs) {
  fill();
  table_.learn(name(kFull), "*.example.com", now_ += 1ms);
  EXPECT_THAT(table_.restore(name(kFull), kAddress, now_ + 60s, now_), IsEmpty());
  const DnsName written_out = *DnsName::parse("exact.example.com");
  table_.follow(written_out, now_);
  EXPECT_THAT(table_.restore(written_out, kAddress, now_ + 60s, now_), ElementsAre(kAddress));
  EXPECT_EQ(table_.learnt_address_count(), limits::kLearntAddresses);
}

TEST_F(LearntNames, ThatThePolicyNamedUntilNowKeepNoMoreThanALearntNameMay) {
  table_.follow(name(1), now_);
  ask();
  answer_with(1, addresses_of(1, 256));
  EXPECT_EQ(table_.find(name(1))->addresses.size(), 256u);
  EXPECT_EQ(table_.learnt_address_count(), 0u);
  const auto touched = table_.learn(name(1), "*.example.com", now_);
  EXPECT_EQ(table_.find(name(1))->addresses.size(), limits::kAddressesPerLearntName);
  EXPECT_EQ(touched.size(), 256 - limits::kAddressesPerLearntName);
  EXPECT_EQ(table_.learnt_address_count(), limits::kAddressesPerLearntName);
  EXPECT_EQ(std::ranges::count(table_.find(name(1))->addresses, true, &HeldAddress::is_current),
            static_cast<std::ptrdiff_t>(limits::kAddressesPerLearntAnswer));
  table_.forget(name(1));
  EXPECT_EQ(table_.learnt_address_count(), 0u);
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
