// What is kept for the next run is gathered in parts, and nothing is left out.
#include "egressd/known_collector.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "egress/core/limits.hpp"

namespace egress::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1h};
constexpr WallTime kWall{seconds{1'700'000'000}};

DnsName name(std::size_t i) {
  return *DnsName::parse("n" + std::to_string(i) + ".example.com");
}

class Collector : public ::testing::Test {
 protected:
  // Names `first` to `first + count - 1`, each with two addresses, one of them its own.
  void hold(std::size_t first, std::size_t count, seconds ttl = 60s) {
    for (std::size_t i = first; i < first + count; ++i) {
      table_.follow(name(i), kNow);
      table_.restore(name(i), *IpAddress::parse("192.0.2.1"), kNow + ttl, kNow);
      const auto octet = [&](int shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
      table_.restore(name(i), IpAddress::v4({10, octet(16), octet(8), octet(0)}), kNow + ttl, kNow);
    }
  }
  bool advance(milliseconds later = 0ms) {
    return collector_.advance(table_, kNow + later, kWall);
  }
  std::size_t parts() {
    std::size_t count = 1;
    while (!advance()) ++count;
    return count;
  }
  std::vector<dns::KnownAddress> taken() {
    auto known = collector_.take().unpack();
    std::ranges::sort(known);
    return known;
  }

  dns::NameTable table_;
  KnownCollector collector_;
};

TEST_F(Collector, GathersAllOfASmallTableAtOnce) {
  hold(0, 2, 90s);
  collector_.begin();
  EXPECT_TRUE(advance());
  const auto known = taken();
  ASSERT_EQ(known.size(), 4u);
  EXPECT_EQ(known[0].name, name(0));
  EXPECT_EQ(known[0].expires, kWall + 90s);
  EXPECT_FALSE(known[0].is_learnt);
  EXPECT_FALSE(collector_.is_under_way());
}

TEST_F(Collector, GathersALargeTableInPartsAndLeavesNothingOut) {
  constexpr std::size_t kNames = 5'000;
  hold(0, kNames);
  collector_.begin();
  const std::size_t count = parts();
  EXPECT_GE(count, 2 * kNames / limits::kSavedAtOnce);
  const auto known = taken();
  EXPECT_EQ(known.size(), 2 * kNames);
  EXPECT_EQ(std::ranges::adjacent_find(known), known.end());
}

TEST_F(Collector, BeginsAnewWhereTheTableGrowsMeanwhile) {
  hold(0, 1'000);
  collector_.begin();
  ASSERT_FALSE(advance());
  hold(1'000, 9'000);  // its names are in other buckets now
  parts();
  const auto known = taken();
  EXPECT_EQ(known.size(), 20'000u);
  EXPECT_EQ(std::ranges::adjacent_find(known), known.end());
}

TEST_F(Collector, LeavesOutWhatHasEnded) {
  hold(0, 1, 60s);
  hold(1, 1, 120s);
  collector_.begin();
  EXPECT_TRUE(advance(61s));
  const auto known = taken();
  ASSERT_EQ(known.size(), 2u);
  EXPECT_EQ(known[0].name, name(1));
}

TEST_F(Collector, GathersOnceMoreWhereThatWasAskedMeanwhile) {
  hold(0, 1'000);
  collector_.begin();
  ASSERT_FALSE(advance());
  collector_.begin();
  parts();
  EXPECT_EQ(taken().size(), 2'000u);
  ASSERT_TRUE(collector_.is_under_way());
  parts();
  EXPECT_EQ(taken().size(), 2'000u);
  EXPECT_FALSE(collector_.is_under_way());
}

}  // namespace
}  // namespace egress::daemon
