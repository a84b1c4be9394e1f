#include "egressctl/duration.hpp"

#include <gtest/gtest.h>

namespace egress::ctl {
namespace {

TEST(Duration, Parses) {
  EXPECT_EQ(parse_duration("1s").value(), 1);
  EXPECT_EQ(parse_duration("90s").value(), 90);
  EXPECT_EQ(parse_duration("15m").value(), 900);
  EXPECT_EQ(parse_duration("2h").value(), 7'200);
  EXPECT_EQ(parse_duration("1d").value(), 86'400);
  EXPECT_EQ(parse_duration("1h30m").value(), 5'400);
  EXPECT_EQ(parse_duration("1d2h3m4s").value(), 93'784);
  EXPECT_EQ(parse_duration("365d").value(), 31'536'000);
}

TEST(Duration, RefusesOtherForms) {
  for (const char* text :
       {"", "15", "m", "15 m", " 15m", "15m ", "-5m", "+5m", "1.5h", "15min", "1w", "30m1h", "1h1h",
        "1h30", "15M", "0x10s", "99999999999999999999s"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().message.find("write it like 90s, 15m, 2h, 1d or 1h30m"),
              std::string::npos)
        << text;
  }
}

TEST(Duration, HasLimits) {
  for (const char* text : {"0s", "0h0m", "366d", "365d1s", "31536001s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("365d1s").error().message, "\"365d1s\" is out of range: 1s to 365d");
}

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
