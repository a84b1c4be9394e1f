#include <gmock/gmock.h>

#include <random>

#include "unit/nft/sample.hpp"

namespace egress::nft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Verb = Change::Verb;

TEST(Diff, SaysNothingWhenNothingDiffers) {
  const Ruleset ruleset{{}, {{allow("192.0.2.1"), kNow + 60s}}};
  EXPECT_TRUE(diff(ruleset, ruleset, kNow).empty());
  EXPECT_TRUE(diff(ruleset, ruleset, kNow + 30s).empty()) << "ends are compared, not lifetimes";
}

TEST(Diff, AddsRenewsAndRemoves) {
  const Elements installed{{allow("192.0.2.1"), kNow + 60s},
                           {allow("192.0.2.2"), kNow + 60s},
                           {allow("192.0.2.3"), kNow + 60s}};
  const Elements desired{{allow("192.0.2.2"), kNow + 90s},
                         {allow("192.0.2.3"), kNow + 60s},
                         {allow("192.0.2.4"), kNow + 5s}};
  EXPECT_THAT(diff(installed, desired, kNow),
              ElementsAre(Change{Verb::remove, allow("192.0.2.1"), 0ms},
                          Change{Verb::renew, allow("192.0.2.2"), 90s},
                          Change{Verb::add, allow("192.0.2.4"), 5s}));
}

TEST(Diff, PermanentHasNoLifetime) {
  const auto key = net("10.0.0.0", "10.0.0.255", {443, 443});
  EXPECT_THAT(diff({}, {{key, kNever}}, kNow), ElementsAre(Change{Verb::add, key, 0ms}));
  EXPECT_THAT(diff({{key, kNow + 5s}}, {{key, kNever}}, kNow),
              ElementsAre(Change{Verb::renew, key, 0ms}));
}

// A lifetime of 0 means permanent: an end that is reached must never become one.
TEST(Diff, WhatHasEndedIsNotDesired) {
  for (const Instant end : {kNow, kNow - 1ms, kNow - 60s}) {
    EXPECT_THAT(diff({}, {{allow("192.0.2.1"), end}}, kNow), IsEmpty());
    EXPECT_THAT(diff({{allow("192.0.2.1"), kNow + 5s}}, {{allow("192.0.2.1"), end}}, kNow),
                ElementsAre(Change{Verb::remove, allow("192.0.2.1"), 0ms}));
  }
  EXPECT_THAT(diff({}, {{allow("192.0.2.1"), kNow + 1ms}}, kNow),
              ElementsAre(Change{Verb::add, allow("192.0.2.1"), 1ms}));
}

TEST(Onto, TouchesNothingThatStaysForGood) {
  const auto net1 = net("10.0.0.0", "10.0.0.255", {443, 443});
  const auto net2 = net("10.1.0.0", "10.1.0.255", {443, 443});
  const std::vector<LiveElement> standing{{net1, 0ms}, {net2, 0ms}};
  const std::vector<Change> additions{{Verb::add, net1, 0ms}, {Verb::add, net2, 0ms}};
  EXPECT_THAT(onto(standing, additions), IsEmpty());
  EXPECT_EQ(onto({}, additions), additions);
  EXPECT_THAT(onto(standing, {}),
              ElementsAre(Change{Verb::remove, net1, 0ms}, Change{Verb::remove, net2, 0ms}));
}

TEST(Onto, RenewsWhereEitherHasAnEnd) {
  const auto key = net("10.0.0.0", "10.0.0.255", {443, 443});
  const auto result = [&](milliseconds stands, milliseconds wanted) {
    return onto(std::vector<LiveElement>{{key, stands}},
                std::vector<Change>{{Verb::add, key, wanted}});
  };
  EXPECT_THAT(result(0ms, 5s), ElementsAre(Change{Verb::renew, key, 5s}));
  EXPECT_THAT(result(5s, 0ms), ElementsAre(Change{Verb::renew, key, 0ms}));
  EXPECT_THAT(result(5s, 5s), ElementsAre(Change{Verb::renew, key, 5s}));
}

TEST(Onto, RemovesAndAddsBetweenWhatStays) {
  const auto a = net("10.0.0.0", "10.0.0.9", {443, 443});
  const auto b = net("10.1.0.0", "10.1.0.9", {443, 443});
  const auto c = net("10.2.0.0", "10.2.0.9", {443, 443});
  const auto d = net("10.3.0.0", "10.3.0.9", {443, 443});
  EXPECT_THAT(onto(std::vector<LiveElement>{{a, 0ms}, {c, 0ms}, {d, 0ms}},
                   std::vector<Change>{{Verb::add, b, 0ms}, {Verb::add, c, 0ms}}),
              ElementsAre(Change{Verb::remove, a, 0ms}, Change{Verb::add, b, 0ms},
                          Change{Verb::remove, d, 0ms}));
}

TEST(Diff, AnotherBaseReplacesTheTable) {
  const Elements elements{{allow("192.0.2.1"), kNow + 60s}};
  Base audit;
  audit.is_audit = true;
  const Transaction transaction = diff({{}, elements}, {audit, elements}, kNow);
  EXPECT_EQ(transaction.replace, audit);
  EXPECT_THAT(transaction.changes, ElementsAre(Change{Verb::add, allow("192.0.2.1"), 60s}));
  EXPECT_EQ(transaction, install({audit, elements}, kNow));
}

TEST(Diff, InstallingNothingStillReplaces) {
  EXPECT_FALSE(install({}, kNow).empty());
}

// apply(diff(a, b), a) == b, but for what has ended.
TEST(Diff, AppliedLeadsToTheDesired) {
  std::mt19937 random(7);
  const auto some_elements = [&] {
    Elements elements;
    for (int i = 0; i < 30; ++i) {
      const auto key = allow("192.0.2." + std::to_string(random() % 40));
      const auto lifetime = milliseconds(random() % 5) * 1000 - 1s;
      elements[key] = random() % 4 == 0 ? kNever : kNow + lifetime;
    }
    return elements;
  };
  for (int round = 0; round < 500; ++round) {
    Ruleset installed{{}, some_elements()};
    Ruleset desired{{}, some_elements()};
    desired.base.is_audit = random() % 5 == 0;
    apply(diff(installed, desired, kNow), kNow, installed);
    std::erase_if(desired.elements, [](const auto& element) { return element.second <= kNow; });
    ASSERT_EQ(installed, desired) << "round " << round;
    ASSERT_TRUE(diff(installed, desired, kNow + 100ms).empty()) << "round " << round;
  }
}

}  // namespace
}  // namespace egress::nft
