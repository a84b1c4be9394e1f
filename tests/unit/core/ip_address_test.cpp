#include "egress/core/ip_address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace egress {
namespace {

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddress, PrintsAsRfc5952) {
  EXPECT_EQ(address("192.0.2.1").text(), "192.0.2.1");
  EXPECT_EQ(address("2001:DB8:0:0:0:0:0:1").text(), "2001:db8::1");
  EXPECT_EQ(address("2001:db8:0:1:1:1:1:1").text(), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(address("2001:0:0:1:0:0:0:1").text(), "2001:0:0:1::1");
  EXPECT_EQ(address("::ffff:192.0.2.1").text(), "::ffff:192.0.2.1");
  EXPECT_EQ(address("::").text(), "::");
}

TEST(IpAddress, KeepsFamiliesApart) {
  EXPECT_TRUE(address("192.0.2.1").is_v4());
  EXPECT_EQ(address("192.0.2.1").octets().size(), 4U);
  EXPECT_EQ(address("::ffff:192.0.2.1").family(), Family::ipv6);
  EXPECT_EQ(address("2001:db8::1").octets().size(), 16U);
  EXPECT_NE(address("0.0.0.0"), address("::"));
  EXPECT_EQ(IpAddress(), address("0.0.0.0"));
}

TEST(IpAddress, ParsesStrictly) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "01.2.3.4"sv, "0x7f.0.0.1"sv, "256.0.0.1"sv, " 1.2.3.4"sv,
        "1.2.3.4 "sv, "1.2.3.4\n"sv, "1.2.3.4\0"sv, "1.2.3.4\0.5"sv, "2130706433"sv,
        "fe80::1%eth0"sv, "[::1]"sv, ":::1"sv, "1::2::3"sv, "12345::"sv, "1.2.3.4/32"sv,
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_EQ(IpAddress::parse("1.2.3\x07").error().message,
            "\"1.2.3\\x07\" is not an IPv4 or IPv6 address");
}

TEST(IpAddress, SortsByFamilyThenValue) {
  EXPECT_LT(address("255.255.255.255"), address("::"));
  EXPECT_LT(address("9.0.0.0"), address("10.0.0.0"));
  EXPECT_LT(address("2001:db8::9"), address("2001:db8::10"));
}

TEST(IpAddress, StepsToItsNeighboursAndStopsAtTheEnds) {
  IpAddress out;
  ASSERT_TRUE(address("192.0.2.255").next(out));
  EXPECT_EQ(out, address("192.0.3.0"));
  ASSERT_TRUE(out.previous(out));
  EXPECT_EQ(out, address("192.0.2.255"));
  ASSERT_TRUE(address("2001:db8::ffff:ffff").next(out));
  EXPECT_EQ(out, address("2001:db8::1:0:0"));
  ASSERT_TRUE(out.previous(out));
  EXPECT_EQ(out, address("2001:db8::ffff:ffff"));
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    EXPECT_FALSE(IpAddress::highest(family).next(out));
    EXPECT_FALSE(IpAddress::lowest(family).previous(out));
  }
  EXPECT_EQ(IpAddress::highest(Family::ipv4), address("255.255.255.255"));
  EXPECT_EQ(IpAddress::lowest(Family::ipv6), address("::"));
}

TEST(IpAddress, HashesNeighboursApart) {
  constexpr std::size_t kBuckets = 1024;
  for (const std::string_view start : {"10.0.0.0", "2001:db8::", "2001:db8::1:0:0"}) {
    std::vector<int> filled(kBuckets);
    std::set<std::size_t> hashes;
    IpAddress at = address(start);
    for (std::size_t i = 0; i < 16 * kBuckets; ++i) {
      const std::size_t hash = std::hash<IpAddress>{}(at);
      hashes.insert(hash);
      ++filled[hash % kBuckets];
      ASSERT_TRUE(at.next(at));
    }
    EXPECT_EQ(hashes.size(), 16 * kBuckets) << start;
    EXPECT_LT(*std::max_element(filled.begin(), filled.end()), 64) << start;
  }
  EXPECT_NE(std::hash<IpAddress>{}(address("0.0.0.0")), std::hash<IpAddress>{}(address("::")));
}

TEST(Endpoint, PrintsWithItsTransport) {
  EXPECT_EQ((Endpoint{address("192.0.2.1"), Transport::tcp, 443}.text()), "tcp/192.0.2.1:443");
  EXPECT_EQ((Endpoint{address("2001:db8::1"), Transport::udp, 53}.text()), "udp/[2001:db8::1]:53");
}

TEST(PortRange, PrintsAndContains) {
  EXPECT_EQ((PortRange{443, 443}.text()), "443");
  EXPECT_EQ((PortRange{8000, 8010}.text()), "8000-8010");
  EXPECT_TRUE((PortRange{8000, 8010}.contains(8010)));
  EXPECT_FALSE((PortRange{8000, 8010}.contains(8011)));
}

}  // namespace
}  // namespace egress
