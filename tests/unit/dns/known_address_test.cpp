// A pack gives back what was put into it.
#include "egress/dns/known_address.hpp"

#include <gtest/gtest.h>

namespace egress::dns {
namespace {

KnownAddress known(const char* name, const char* address, int expires, bool is_learnt = false) {
  return {*DnsName::parse(name), *IpAddress::parse(address), WallTime(seconds(expires)), is_learnt};
}

TEST(KnownAddressPack, GivesBackWhatItWasGiven) {
  const std::vector<KnownAddress> all{
      known("a.example.com", "192.0.2.1", 1),
      known("a.example.com", "2001:db8::1", 2),
      known("example.com", "192.0.2.1", 3, true),  // the end of the name before it
      known("com", "192.0.2.2", 4),
      known("b.example.com", "192.0.2.3", 5),
      known("a.example.com", "192.0.2.4", 6),  // again, after another
  };
  EXPECT_EQ(KnownAddressPack(all).unpack(), all);
}

TEST(KnownAddressPack, OfNothingIsEmpty) {
  EXPECT_TRUE(KnownAddressPack().unpack().empty());
}

TEST(KnownAddressPack, HoldsTheLongestName) {
  const std::string label(63, 'x');
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(61, 'y');  // 253 octets
  const std::vector<KnownAddress> all{known(longest.c_str(), "192.0.2.1", 1)};
  EXPECT_EQ(KnownAddressPack(all).unpack(), all);
}

}  // namespace
}  // namespace egress::dns
