// Which destinations are forgotten so that there is room for others.
#include "egress/nft/surplus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace egress::nft {
namespace {

using namespace std::chrono_literals;

Endpoint to(std::size_t number) {
  const auto octet = [&](int shift) { return static_cast<std::uint8_t>(number >> shift & 0xff); };
  return {IpAddress::v4({10, octet(16), octet(8), octet(0)}), Transport::tcp, 443};
}

Count one(std::size_t number, milliseconds left, std::uint64_t packets = 1) {
  return {to(number), packets, left};
}

bool holds(const std::vector<Endpoint>& all, std::size_t number) {
  return std::ranges::find(all, to(number)) != all.end();
}

TEST(Surplus, ThereIsNoneUpToTheLimitAndJustTheRestBeyond) {
  std::vector<Count> all;
  for (std::size_t i = 0; i < 100; ++i) all.push_back(one(i, 50min + 10ms * i));
  EXPECT_TRUE(surplus(all, 100).empty());
  EXPECT_EQ(surplus(all, 99).size(), 1U);
  EXPECT_EQ(surplus(all, 40).size(), 60U);
  EXPECT_EQ(surplus(all, 0).size(), 100U);
  EXPECT_TRUE(surplus({}, 0).empty());
}

TEST(Surplus, AFloodTakesNothingFromTheQuietSecondsBeforeAndAfter) {
  std::vector<Count> all{one(1, 20min), one(2, 20min), one(3, 59min)};
  for (std::size_t i = 0; i < 5000; ++i) all.push_back(one(100 + i, 50min + 1ms * (i / 5)));
  const auto forgotten = surplus(all, 2048);
  EXPECT_EQ(all.size() - forgotten.size(), 2048U);
  for (const std::size_t quiet : {1U, 2U, 3U}) EXPECT_FALSE(holds(forgotten, quiet)) << quiet;
}

TEST(Surplus, AmongTheFloodThoseStayToWhichMostWent) {
  std::vector<Count> all{one(1, 50min + 1ms, 3)};
  for (std::size_t i = 0; i < 500; ++i) all.push_back(one(100 + i, 50min + 2ms));
  EXPECT_FALSE(holds(surplus(all, 10), 1));
}

TEST(Surplus, WhereEvenOneOfEachSecondIsTooMuchTheOldestGo) {
  std::vector<Count> all;
  for (std::size_t i = 0; i < 100; ++i) all.push_back(one(i, 1s * (i + 1)));
  const auto forgotten = surplus(all, 30);
  EXPECT_EQ(forgotten.size(), 70U);
  EXPECT_TRUE(holds(forgotten, 69));
  EXPECT_FALSE(holds(forgotten, 70));
}

}  // namespace
}  // namespace egress::nft
