#include "egress/core/address_class.hpp"

#include <gtest/gtest.h>

namespace egress {
namespace {

using enum AddressClass;

struct Case {
  std::string_view text;
  AddressClass expected;
};

class Classify : public testing::TestWithParam<Case> {};

TEST_P(Classify, JudgesTheAddressThatAPacketWouldReach) {
  const auto address = IpAddress::parse(GetParam().text);
  ASSERT_TRUE(address) << GetParam().text;
  EXPECT_EQ(text(classify(*address)), text(GetParam().expected)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Plain, Classify,
    testing::Values(
        Case{"192.0.2.1", unicast}, Case{"8.8.8.8", unicast}, Case{"2001:db8::1", unicast},
        Case{"2607:6bc0::1", unicast}, Case{"10.0.0.1", private_use},
        Case{"172.15.255.255", unicast}, Case{"172.16.0.0", private_use},
        Case{"172.31.255.255", private_use}, Case{"172.32.0.0", unicast},
        Case{"192.168.1.1", private_use}, Case{"100.63.255.255", unicast},
        Case{"100.64.0.0", private_use}, Case{"100.127.255.255", private_use},
        Case{"198.18.0.1", private_use}, Case{"198.20.0.0", unicast}, Case{"fc00::1", private_use},
        Case{"fdff::1", private_use}, Case{"fec0::1", private_use}, Case{"127.0.0.1", loopback},
        Case{"127.255.255.255", loopback}, Case{"::1", loopback}, Case{"169.254.0.1", link_local},
        Case{"fe80::1", link_local}, Case{"febf::1", link_local}, Case{"224.0.0.1", multicast},
        Case{"ff02::1", multicast}, Case{"0.0.0.0", unusable}, Case{"0.1.2.3", unusable},
        Case{"240.0.0.1", unusable}, Case{"255.255.255.255", unusable}, Case{"::", unusable},
        Case{"100::1", unusable}));

INSTANTIATE_TEST_SUITE_P(
    Metadata, Classify,
    testing::Values(Case{"169.254.169.254", metadata}, Case{"169.254.170.2", metadata},
                    Case{"169.254.170.23", metadata}, Case{"168.63.129.16", metadata},
                    Case{"100.100.100.200", metadata}, Case{"192.0.0.192", metadata},
                    Case{"fd00:ec2::254", metadata}, Case{"fd00:ec2::23", metadata},
                    Case{"fd20:ce::254", metadata}, Case{"169.254.169.253", link_local},
                    Case{"168.63.129.17", unicast}));

INSTANTIATE_TEST_SUITE_P(
    Embedded, Classify,
    testing::Values(Case{"::ffff:192.0.2.1", unicast}, Case{"::ffff:127.0.0.1", loopback},
                    Case{"::ffff:169.254.169.254", metadata}, Case{"::169.254.169.254", metadata},
                    Case{"::10.0.0.1", private_use}, Case{"64:ff9b::192.0.2.1", unicast},
                    Case{"64:ff9b::169.254.169.254", metadata},
                    Case{"64:ff9b::10.0.0.1", private_use},
                    Case{"64:ff9b:1::169.254.169.254", metadata},
                    Case{"64:ff9b:1:ffff::7f00:1", loopback}, Case{"2002:a9fe:a9fe::1", metadata},
                    Case{"2002:7f00:1::", loopback}, Case{"2002:c000:201::1", unicast},
                    Case{"2001:0:c000:201::5601:5601",
                         metadata},  // Teredo, 169.254.169.254 inverted
                    Case{"2001:0:c000:201::3fff:fdfe", unicast},    // 192.0.2.1 inverted
                    Case{"2001:1:c000:201::5601:5601", unicast}));  // next to Teredo

TEST(WorstClass, IsTheMostDangerousAddressInside) {
  const auto worst = [](std::string_view prefix) {
    return text(worst_class(Prefix::parse(prefix).value()));
  };
  EXPECT_EQ(worst("192.0.2.0/24"), "unicast");
  EXPECT_EQ(worst("160.79.104.0/23"), "unicast");
  EXPECT_EQ(worst("2607:6bc0::/48"), "unicast");
  EXPECT_EQ(worst("10.0.0.0/8"), "private-use");
  EXPECT_EQ(worst("100.64.0.0/10"), "cloud metadata");
  EXPECT_EQ(worst("100.64.0.0/16"), "private-use");
  EXPECT_EQ(worst("169.254.0.0/16"), "cloud metadata");
  EXPECT_EQ(worst("169.254.0.0/24"), "link-local");
  EXPECT_EQ(worst("126.0.0.0/7"), "loopback");
  EXPECT_EQ(worst("0.0.0.0/0"), "cloud metadata");
  EXPECT_EQ(worst("::/0"), "cloud metadata");
  EXPECT_EQ(worst("192.0.0.0/8"), "cloud metadata");
  EXPECT_EQ(worst("fc00::/7"), "cloud metadata");
  EXPECT_EQ(worst("fd00::/32"), "private-use");
  EXPECT_EQ(worst("2002::/16"), "cloud metadata");
  EXPECT_EQ(worst("2002:c000:200::/40"), "unicast");
  EXPECT_EQ(worst("2001::/23"), "cloud metadata");
  EXPECT_EQ(worst("2001:0:c000:201::/96"), "cloud metadata");
  EXPECT_EQ(worst("2001:0:c000:201::3fff:fd00/120"), "unicast");
  EXPECT_EQ(worst("::ffff:192.0.2.0/120"), "unicast");
  EXPECT_EQ(worst("::ffff:0:0/96"), "cloud metadata");
}

}  // namespace
}  // namespace egress
