#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "egress/core/time_text.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

TEST(Duration, PrintsWhatItParses) {
  for (const std::string_view text : {"5s", "15m", "1h", "2h30m", "7d", "1d1h1m1s", "3650d"}) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(print_duration(*duration), text);
  }
  EXPECT_EQ(parse_duration("90s").value(), seconds(90));
  EXPECT_EQ(print_duration(seconds(90)), "1m30s");
  EXPECT_EQ(print_duration(seconds(0)), "0s");
}

TEST(Duration, RefusesWhatIsNotOne) {
  for (const std::string_view text :
       {"", "5", "s", "0s", "-5s", "5 s", "5S", "5m1h", "5s5s", "1.5h", "5ms", "1w", "9999999999s",
        "18446744073709551617s", "+5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("5x").error().message,
            "\"5x\" is not a duration; accepted: 5s, 15m, 2h30m, 7d, up to 3650d");
}

TEST(Duration, EndsAtTheLimit) {
  EXPECT_EQ(parse_duration("3650d").value(), limits::kLongestDuration);
  EXPECT_FALSE(parse_duration("3650d1s"));
}

TEST(WallTime, PrintsWhatItParses) {
  for (const std::string_view text : {"1970-01-01T00:00:00Z", "2026-12-01T00:00:00Z",
                                      "2028-02-29T23:59:59Z", "9999-12-31T23:59:59Z"}) {
    const auto time = parse_wall_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(print_wall_time(*time), text);
  }
  EXPECT_EQ(parse_wall_time("1970-01-02T00:00:01Z").value().time_since_epoch(), seconds(86401));
}

TEST(WallTime, RefusesWhatIsNoUtcTime) {
  for (const std::string_view text :
       {"", "2026-12-01", "2026-12-01T00:00:00", "2026-12-01T00:00:00+01:00",
        "2026-12-01 00:00:00Z", "2026-13-01T00:00:00Z", "2027-02-29T00:00:00Z",
        "2026-12-01T24:00:00Z", "2026-12-01T00:60:00Z", "2026-12-01T00:00:60Z",
        "1969-12-31T23:59:59Z", "2026-12-01T00:00:00Zx", "2o26-12-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_wall_time(text)) << text;
  }
}

TEST(Times, AMomentOutsideOfTheYearsBecomesTheNearestInside) {
  EXPECT_EQ(print_wall_time(WallTime::min()), "1970-01-01T00:00:00Z");
  EXPECT_EQ(print_wall_time(WallTime::max()), "9999-12-31T23:59:59Z");
}

}  // namespace
}  // namespace egress::policy
