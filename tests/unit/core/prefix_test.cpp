#include <gtest/gtest.h>

#include "egress/core/ip_address.hpp"

namespace egress {
namespace {

Prefix prefix(std::string_view text) {
  return Prefix::parse(text).value();
}

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(Prefix, KnowsItsEnds) {
  EXPECT_EQ(prefix("192.0.2.0/24").last(), address("192.0.2.255"));
  EXPECT_EQ(prefix("160.79.104.0/23").last(), address("160.79.105.255"));
  EXPECT_EQ(prefix("0.0.0.0/0").last(), address("255.255.255.255"));
  EXPECT_EQ(prefix("2001:db8::/33").last(), address("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(prefix("::/0").last(), IpAddress::highest(Family::ipv6));
  EXPECT_EQ(prefix("192.0.2.1").last(), address("192.0.2.1"));
}

TEST(Prefix, PrintsAFullLengthAsItsAddress) {
  EXPECT_EQ(prefix("192.0.2.1/32").text(), "192.0.2.1");
  EXPECT_EQ(prefix("192.0.2.1/32"), Prefix(address("192.0.2.1")));
  EXPECT_EQ(prefix("2001:db8::1").text(), "2001:db8::1");
  EXPECT_TRUE(prefix("2001:db8::1/128").is_single());
  EXPECT_EQ(prefix("2001:DB8::/32").text(), "2001:db8::/32");
}

TEST(Prefix, ContainsItsOwnFamilyOnly) {
  EXPECT_TRUE(prefix("192.0.2.0/25").contains(address("192.0.2.127")));
  EXPECT_FALSE(prefix("192.0.2.0/25").contains(address("192.0.2.128")));
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(address("192.0.2.1")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("2001:db8::1")));
  EXPECT_FALSE(prefix("::/0").contains(address("192.0.2.1")));
}

TEST(Prefix, OverlapsWhenOneHoldsTheOther) {
  EXPECT_TRUE(prefix("192.0.2.0/24").overlaps(prefix("192.0.2.128/25")));
  EXPECT_TRUE(prefix("192.0.2.128/25").overlaps(prefix("192.0.2.0/24")));
  EXPECT_FALSE(prefix("192.0.2.0/25").overlaps(prefix("192.0.2.128/25")));
  EXPECT_FALSE(prefix("0.0.0.0/0").overlaps(prefix("::/0")));
}

TEST(Prefix, NamesThePrefixThatWasProbablyMeant) {
  EXPECT_EQ(Prefix::parse("192.0.2.77/24").error().message,
            "\"192.0.2.77/24\" has host bits set; did you mean 192.0.2.0/24?");
  EXPECT_EQ(Prefix::parse("2001:db8::1/32").error().message,
            "\"2001:db8::1/32\" has host bits set; did you mean 2001:db8::/32?");
}

TEST(Prefix, TakesLengthsUpToTheWidthAndNoLonger) {
  EXPECT_TRUE(Prefix::parse("192.0.2.1/32"));
  EXPECT_TRUE(Prefix::parse("2001:db8::1/128"));
  for (const std::string_view text :
       {"192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/+8",
        "192.0.2.0/024", "192.0.2.0/24 ", "/24", "192.0.2.0/24/24", "192.0.2.0/255.255.255.0"}) {
    EXPECT_FALSE(Prefix::parse(text)) << text;
  }
  EXPECT_EQ(Prefix::parse("192.0.2.0/33").error().message,
            "\"33\" is not a prefix length; accepted: 0 to 32");
}

}  // namespace
}  // namespace egress
