// Whose address a packet may bear.
#include <gmock/gmock.h>

#include "contract/machine.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using nft::SetId;

constexpr const char* kAllowed[] = {"192.0.2.1", "2001:db8::1"};
constexpr const char* kForeign[] = {"192.0.2.99", "2001:db8:99::1"};

nft::Change allow_udp(const char* address) {
  return add(
      nft::ElementKey::endpoint(SetId::allow, {*IpAddress::parse(address), Transport::udp, 443}),
      10min);
}

TEST_P(Contract, NobodySpeaksUnderAnAddressThatIsNotTheHosts) {
  for (const int i : {0, 1})
    ASSERT_TRUE(machine().send_as(kForeign[i], kAllowed[i], 443)) << "positive control";
  install();
  commit({allow_udp(kAllowed[0]), allow_udp(kAllowed[1])});
  for (const int i : {0, 1}) {
    EXPECT_TRUE(machine().send_as(kOwn[i], kAllowed[i], 443)) << kOwn[i];
    EXPECT_FALSE(machine().send_as(kOwn[i], kAllowed[i], 444)) << kOwn[i];
    EXPECT_FALSE(machine().send_as(kForeign[i], kAllowed[i], 443)) << kForeign[i];
  }
}

// A kernel that cannot be asked for routes is given a list of the host's addresses.
TEST_P(Contract, WhereTheKernelKnowsNoRoutesOnlyListedAddressesSpeak) {
  nft::Base base;
  base.only_sources = {*IpAddress::parse(kOwn[0])};
  install(base);
  commit({allow_udp(kAllowed[0]), allow_udp(kAllowed[1])});
  EXPECT_TRUE(machine().send_as(kOwn[0], kAllowed[0], 443)) << "positive control";
  EXPECT_FALSE(machine().send_as(kForeign[0], kAllowed[0], 443));
  EXPECT_FALSE(machine().send_as(kForeign[1], kAllowed[1], 443));
  EXPECT_FALSE(machine().send_as(kOwn[1], kAllowed[1], 443)) << "not listed yet";
  base.only_sources->push_back(*IpAddress::parse(kOwn[1]));
  install(base);
  commit({allow_udp(kAllowed[0]), allow_udp(kAllowed[1])});
  EXPECT_TRUE(machine().send_as(kOwn[1], kAllowed[1], 443));
  EXPECT_FALSE(machine().send_as(kForeign[1], kAllowed[1], 443));
}

TEST_P(Contract, NobodySpeaksForAnotherInPanicEither) {
  nft::Base panic;
  panic.is_panic = true;
  install(panic);
  for (const int i : {0, 1}) {
    EXPECT_FALSE(machine().send_as(kForeign[i], kAllowed[i], 443)) << kForeign[i];
    EXPECT_FALSE(machine().send_as(kForeign[i], kOwn[i], 443)) << kForeign[i] << ", by lo";
  }
}

TEST_P(Contract, AuditLetsForeignAddressesPass) {
  nft::Base audit;
  audit.is_audit = true;
  install(audit);
  for (const int i : {0, 1})
    EXPECT_TRUE(machine().send_as(kForeign[i], kAllowed[i], 443)) << kForeign[i];
}

}  // namespace
}  // namespace egress::test
