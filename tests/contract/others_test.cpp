// What other tables hook into, and what their rules can do.
#include "adapters/netlink/others.hpp"

#include <gmock/gmock.h>

#include <set>

#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/child_process.hpp"
#include "support/netns.hpp"

namespace egress::test {
namespace {

using nft::Act;
using ::testing::IsEmpty;

Result<std::vector<nft::OtherTable>> read_others() {
  auto socket = netlink::Socket::open().value();
  return netlink::other_tables(socket);
}

class Others : public ::testing::Test {
 protected:
  std::vector<nft::OtherTable> tables() {
    return in_namespace(netns_.name(), [] { return read_others().value(); });
  }
  void nft(const std::string& commands) {
    const Finished done = run({.words = {"nft", commands}, .netns = netns_.name()});
    ASSERT_EQ(done.exit_code, 0) << done.output;
  }

  NetworkNamespace netns_;
};

TEST_F(Others, OursIsNone) {
  EXPECT_THAT(tables(), IsEmpty());
  nft("table inet egressd { chain c { type filter hook output priority 0; }; };");
  EXPECT_THAT(tables(), IsEmpty());
}

TEST_F(Others, AreListedWithTheirBaseChains) {
  nft("table ip nat { chain out { type nat hook output priority -110; policy accept; }; "
      "chain called { accept; }; };"
      "table netdev frames { chain e { type filter hook egress device lo priority 5; policy drop; "
      "}; };");
  const auto found = tables();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].family, "ip");
  EXPECT_EQ(found[0].name, "nat");
  EXPECT_EQ(found[0].rules, 1U);
  ASSERT_EQ(found[0].chains.size(), 1U) << "a chain that is only called hooks into nothing";
  EXPECT_EQ(found[0].chains[0].type, "nat");
  EXPECT_EQ(found[0].chains[0].hook, "output");
  EXPECT_EQ(found[0].chains[0].priority, -110);
  EXPECT_FALSE(found[0].chains[0].drops);
  EXPECT_EQ(found[1].family, "netdev");
  EXPECT_EQ(found[1].chains[0].hook, "egress");
  EXPECT_EQ(found[1].chains[0].device, "lo");
  EXPECT_TRUE(found[1].chains[0].drops);
}

TEST_F(Others, AreKnownByWhatTheirRulesDo) {
  constexpr const char* kOutput = "filter hook output priority 10";
  const struct {
    const char* chain;
    const char* rule;
    std::set<Act> acts;
  } cases[] = {
      {kOutput, "ip daddr 192.0.2.1 accept", {}},
      {kOutput, "ip daddr 192.0.2.1 drop", {}},
      {kOutput, "ct mark set 1", {}},
      {kOutput, "ip dscp set cs1", {}},
      {kOutput, "ip6 dscp set cs1", {}},
      {kOutput, "ip ttl set 64", {}},
      {kOutput, "ip6 hoplimit set 64", {}},
      {kOutput, "tcp sport set 53", {}},
      {kOutput, "tcp option maxseg size set 1400", {}},
      {kOutput, "ip daddr set 192.0.2.1", {Act::rewrites}},
      {kOutput, "ip6 daddr set 2001:db8::1", {Act::rewrites}},
      {kOutput, "udp dport set 53", {Act::rewrites}},
      {kOutput, "@nh,128,8 set 10", {Act::rewrites}},
      {"nat hook output priority 0", "meta l4proto tcp redirect to :80", {Act::translates}}};
  for (const auto& [chain, rule, acts] : cases) {
    nft(std::string("flush ruleset; table inet other { chain c { type ") + chain + "; " + rule +
        "; }; };");
    ASSERT_EQ(tables().size(), 1U) << rule;
    EXPECT_EQ(tables()[0].acts, acts) << rule;
  }
}

TEST_F(Others, AreKnownByWhetherTheyRefuse) {
  const auto refuses = [&](const std::string& rule) {
    nft("flush ruleset; table inet host { chain c { type filter hook input priority 0; " + rule +
        "; }; };");
    return tables().at(0).refuses;
  };
  EXPECT_TRUE(refuses("drop"));
  EXPECT_TRUE(refuses("tcp dport 22 reject"));
  EXPECT_TRUE(refuses("reject with icmpx admin-prohibited"));
  EXPECT_FALSE(refuses("accept"));
  EXPECT_FALSE(refuses("counter"));
  EXPECT_FALSE(tables().at(0).is_ufw);
  nft("add chain inet host ufw-user-input");
  EXPECT_TRUE(tables().at(0).is_ufw);
}

TEST_F(Others, NeedTheRight) {
  const auto refused =
      in_namespace(netns_.name(), [] { return as_user(65534, [] { return read_others(); }); });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("not permitted"), std::string::npos);
}

}  // namespace
}  // namespace egress::test
