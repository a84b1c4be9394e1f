#include "egressctl/duration.hpp"

#include <gtest/gtest.h>

namespace egress::ctl {
namespace {

TEST(Duration, Prints) {
  EXPECT_EQ(print_seconds(0), "0s");
  EXPECT_EQ(print_seconds(59), "59s");
  EXPECT_EQ(print_seconds(60), "1m");
  EXPECT_EQ(print_seconds(843), "14m 3s");
  EXPECT_EQ(print_seconds(3'601), "1h");
  EXPECT_EQ(print_seconds(86'400 + 7'200 + 59), "1d 2h");
  EXPECT_EQ(print_microseconds(90), "0.09 ms");
  EXPECT_EQ(print_microseconds(4'200), "4.2 ms");
  EXPECT_EQ(print_microseconds(1'300'000), "1.3 s");
}

}  // namespace
}  // namespace egress::ctl
