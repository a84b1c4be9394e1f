#include <gtest/gtest.h>

#include "unit/nft/sample.hpp"

namespace egress::nft {
namespace {

TEST(ElementKey, ReadsAsNftPrintsIt) {
  const struct {
    ElementKey key;
    const char* text;
  } cases[] = {
      {allow("192.0.2.1"), "192.0.2.1 . tcp . 443"},
      {allow("2001:db8::1", 8443), "2001:db8::1 . tcp . 8443"},
      {net("10.0.0.0", "10.0.0.255", {443, 500}), "10.0.0.0/24 . tcp . 443-500"},
      {net("10.0.0.0", "10.0.0.1", {1, 1}), "10.0.0.0/31 . tcp . 1"},
      {net("10.0.0.128", "10.0.0.255", {1, 1}), "10.0.0.128/25 . tcp . 1"},
      {net("10.0.0.1", "10.0.0.2", {1, 1}), "10.0.0.1-10.0.0.2 . tcp . 1"},
      {net("10.0.0.0", "10.0.0.77", {1, 1}), "10.0.0.0-10.0.0.77 . tcp . 1"},
      {net("10.0.0.0", "10.0.1.254", {1, 1}), "10.0.0.0-10.0.1.254 . tcp . 1"},
      {net("10.0.0.1", "10.0.1.255", {1, 1}), "10.0.0.1-10.0.1.255 . tcp . 1"},
      {net("0.0.0.0", "255.255.255.255", {1, 65535}), "0.0.0.0/0 . tcp . 1-65535"},
      {net("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", {53, 53}, Transport::udp),
       "2001:db8::/32 . udp . 53"},
      {ElementKey::of_name({address("192.0.2.1"), Transport::esp, 0}), "192.0.2.1 . esp"},
      {ElementKey::of_name({address("2001:db8::1"), Transport::icmp6, 0}),
       "2001:db8::1 . ipv6-icmp"},
      {net("10.0.0.0", "10.0.0.255", {}, Transport::ipip), "10.0.0.0/24 . ipencap . 0-65535"},
  };
  for (const auto& [key, text] : cases) EXPECT_EQ(key.text(), text);
}

TEST(ElementKey, ContainsItsBordersAndNothingBeyond) {
  const ElementKey key = net("10.0.0.10", "10.0.0.20", {100, 200});
  const auto holds = [&](const char* at, Port port, Transport transport = Transport::tcp) {
    return key.contains({address(at), transport, port});
  };
  EXPECT_TRUE(holds("10.0.0.10", 100));
  EXPECT_TRUE(holds("10.0.0.20", 200));
  EXPECT_FALSE(holds("10.0.0.9", 100));
  EXPECT_FALSE(holds("10.0.0.21", 100));
  EXPECT_FALSE(holds("10.0.0.10", 99));
  EXPECT_FALSE(holds("10.0.0.10", 201));
  EXPECT_FALSE(holds("10.0.0.10", 100, Transport::udp));
  EXPECT_FALSE(holds("::ffff:10.0.0.10", 100));
}

TEST(ElementKey, SetsAreNamedByFamily) {
  EXPECT_EQ(set_name(SetId::allow, Family::ipv4), "allow4");
  EXPECT_EQ(set_name(SetId::nets, Family::ipv6), "nets6");
  EXPECT_EQ(set_name(SetId::resolvers, Family::ipv4), "resolvers4");
}

}  // namespace
}  // namespace egress::nft
