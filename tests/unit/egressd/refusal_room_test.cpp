// Room is made for what is refused next, and only where there may be none.
#include "egressd/refusal_room.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "egress/core/limits.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_kernel.hpp"

namespace egress::daemon {
namespace {

using namespace std::chrono_literals;

class Room : public ::testing::Test {
 protected:
  Room() { EXPECT_EQ(kernel_.commit({nft::Base{}, {}}).error, 0); }

  static Endpoint to(std::size_t number) {
    const auto octet = [&](int shift) { return static_cast<std::uint8_t>(number >> shift & 0xff); };
    return {IpAddress::v4({10, octet(16), octet(8), octet(0)}), Transport::tcp, 443};
  }
  void flood(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) kernel_.connect(to(i));
  }
  std::size_t remembered() { return kernel_.remembered()->size(); }
  // Whether it is looked again soon.
  bool look() {
    const Instant now = clock_.now();
    return room_.look(now) == now + limits::kRoomPauseOfFlood;
  }

  test::FakeClock clock_;
  test::FakeKernel kernel_{clock_, {.owns = false}};
  RefusalRoom room_{kernel_};
};

TEST_F(Room, IsMadeForASingleRefusalAfterAFlood) {
  EXPECT_FALSE(look());
  flood(0, limits::kRefusalsRemembered + 1);
  EXPECT_EQ(remembered(), limits::kRefusalsRemembered) << "positive control: it is full";
  EXPECT_TRUE(look());
  EXPECT_EQ(remembered(), limits::kRefusalsKept);
  const Endpoint single = to(1'000'000);
  kernel_.connect(single);
  const auto all = *kernel_.remembered();
  EXPECT_TRUE(
      std::ranges::any_of(all, [&](const nft::Count& one) { return one.destination == single; }));
}

TEST_F(Room, WhatIsKeptAndComesUnseenNeverFillsASet) {
  static_assert(limits::kRefusalsKept + limits::kRefusalsUnseen < limits::kRefusalsRemembered);
  flood(0, limits::kRefusalsKept);
  EXPECT_FALSE(look()) << "as many stay";
  flood(10'000, limits::kRefusalsUnseen - 1);
  EXPECT_FALSE(look()) << "too few to look";
  flood(20'000, 1);
  EXPECT_TRUE(look());
  EXPECT_EQ(remembered(), limits::kRefusalsKept);
}

TEST_F(Room, IsLookedForAtTheFirstLookAndWhenTheTableWasMadeAnew) {
  flood(0, limits::kRefusalsKept + 1);
  EXPECT_TRUE(look()) << "a table that an earlier egressd left";
  flood(10'000, 10);
  EXPECT_FALSE(look());
  kernel_.flush();
  EXPECT_FALSE(look()) << "no table";
  ASSERT_EQ(kernel_.commit({nft::Base{}, {}}).error, 0);
  flood(0, limits::kRefusalsKept + 1);
  EXPECT_TRUE(look());
}

TEST_F(Room, IsNobodysBusinessWhereNothingIsRemembered) {
  nft::Capabilities few;
  few.counts_destinations = false;
  test::FakeKernel kernel(clock_, few);
  EXPECT_EQ(RefusalRoom(kernel).look(clock_.now()), kNever);
}

}  // namespace
}  // namespace egress::daemon
