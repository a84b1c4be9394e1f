#include "egress/dns/answer_filter.hpp"

#include <gtest/gtest.h>

namespace egress::dns {
namespace {

std::optional<std::string_view> verdict(std::string_view address, FilterRules rules = {}) {
  return objection(*IpAddress::parse(address), rules, {*IpAddress::parse("203.0.113.9")});
}

TEST(AnswerFilter, PublicAddressesMayBeOpened) {
  for (const auto* address : {"8.8.8.8", "162.159.140.245", "2606:4700::1", "192.0.3.1"})
    EXPECT_FALSE(verdict(address)) << address;
}

TEST(AnswerFilter, MetadataIsRefusedInEveryForm) {
  for (const auto* address :
       {"169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192",
        "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1"}) {
    EXPECT_TRUE(verdict(address)) << address;
    EXPECT_TRUE(verdict(address, {.allows_private = true}))
        << address << " must not pass as private";
  }
}

TEST(AnswerFilter, LoopbackLinkLocalMulticastAndUnusableAreRefused) {
  for (const auto* address :
       {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "169.254.1.1", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0",
        "::", "240.0.0.1", "255.255.255.255"})
    EXPECT_TRUE(verdict(address, {.allows_private = true})) << address;
}

TEST(AnswerFilter, PrivateAddressesNeedTheirFlag) {
  for (const auto* address : {"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1",
                              "fd12::1", "64:ff9b::a00:1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(verdict(address)) << address;
    EXPECT_FALSE(verdict(address, {.allows_private = true})) << address;
  }
}

TEST(AnswerFilter, OwnAddressesAreRefusedWhateverTheEntrySays) {
  EXPECT_TRUE(verdict("203.0.113.9", {.allows_private = true, .allows_metadata = true}));
  EXPECT_FALSE(verdict("203.0.113.10"));
}

TEST(AnswerFilter, MetadataFlagOpensMetadataAndLoopbackOnly) {
  EXPECT_FALSE(verdict("169.254.169.254", {.allows_metadata = true}));
  EXPECT_FALSE(verdict("127.0.0.1", {.allows_metadata = true}));
  EXPECT_TRUE(verdict("169.254.1.1", {.allows_metadata = true}));
  EXPECT_TRUE(verdict("10.0.0.1", {.allows_metadata = true}));
}

}  // namespace
}  // namespace egress::dns
