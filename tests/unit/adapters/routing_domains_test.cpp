#include "adapters/resolvconf/routing_domains.hpp"

#include <gtest/gtest.h>

#include "egress/core/limits.hpp"

namespace egress::resolvconf {
namespace {

using Servers = std::vector<policy::ResolverAddress>;

Servers at(std::initializer_list<std::string_view> addresses) {
  Servers servers;
  for (const auto address : addresses) servers.push_back({*IpAddress::parse(address)});
  return servers;
}
policy::ZoneResolvers zone(std::string_view name, Servers servers) {
  return {*DnsName::parse(name), std::move(servers)};
}

const SystemResolvers kUpstreams{.resolvers = at({"192.0.2.2", "10.8.0.1"}),
                                 .source = "/run/systemd/resolve/resolv.conf",
                                 .problem = {}};
const LinkResolvers kLan{at({"192.0.2.2"}), {}, true};
const LinkResolvers kVpn{at({"10.8.0.1"}), {"vpn.corp", "8.10.in-addr.arpa"}, false};

TEST(RoutingDomains, AreZonesAndTheirServersAreAskedForNothingElse) {
  const auto found = split(kUpstreams, {kLan, kVpn});
  EXPECT_EQ(found.resolvers, at({"192.0.2.2"}));
  EXPECT_EQ(found.zones, std::vector{zone("vpn.corp", at({"10.8.0.1"}))});
  EXPECT_EQ(found.source, kUpstreams.source);
  EXPECT_EQ(found.problem, "");
}

TEST(RoutingDomains, WithoutAnyTheUpstreamsAreAsTheyWere) {
  EXPECT_EQ(split(kUpstreams, {}), kUpstreams);
  EXPECT_EQ(split(kUpstreams, {kLan, {at({"10.8.0.1"}), {}, true}}), kUpstreams);
  EXPECT_EQ(split(kUpstreams, {kLan, {{}, {"vpn.corp"}, false}}), kUpstreams)
      << "a link without a server";
}

TEST(RoutingDomains, OfALinkThatIsADefaultRouteAreItsZonesBesides) {
  const auto found = split(kUpstreams, {kLan, {at({"10.8.0.1"}), {"vpn.corp"}, true}});
  EXPECT_EQ(found.resolvers, kUpstreams.resolvers);
  EXPECT_EQ(found.zones, std::vector{zone("vpn.corp", at({"10.8.0.1"}))});
}

TEST(RoutingDomains, TheRootTakesAllThatIsOfNoOther) {
  for (const char* root : {".", ""}) {
    const LinkResolvers tunnel{at({"10.9.0.1"}), {root}, true};
    const auto found = split(kUpstreams, {kLan, tunnel, kVpn});
    EXPECT_EQ(found.resolvers, at({"10.9.0.1"}));
    EXPECT_EQ(found.zones, std::vector{zone("vpn.corp", at({"10.8.0.1"}))});
  }
  EXPECT_EQ(split(kUpstreams, {kLan, {{}, {"."}, true}}).resolvers, kUpstreams.resolvers)
      << "without a server";
}

TEST(RoutingDomains, OfTwoLinksAreAskedOfTheServersOfBoth) {
  const LinkResolvers other{at({"10.8.0.2", "10.8.0.1"}), {"VPN.corp."}, false};
  EXPECT_EQ(split(kUpstreams, {kLan, kVpn, other}).zones,
            std::vector{zone("vpn.corp", at({"10.8.0.1", "10.8.0.2"}))});
}

TEST(RoutingDomains, WhereEveryServerHasItsOwnNamesNobodyIsAskedForOthers) {
  const auto found = split(kUpstreams, {kVpn});
  EXPECT_EQ(found.resolvers, Servers());
  EXPECT_NE(found.problem.find("only for those of domains"), std::string::npos);
}

TEST(RoutingDomains, HaveTheirLimits) {
  LinkResolvers many{at({"10.8.0.1"}), {}, false};
  for (std::size_t i = 0; i < limits::kResolverZones; ++i)
    many.domains.push_back("z" + std::to_string(i) + ".example");
  EXPECT_EQ(split(kUpstreams, {kLan, many}).zones.size(), limits::kResolverZones);
  EXPECT_EQ(split(kUpstreams, {kLan, many}).problem, "");
  many.domains.push_back("more.example");
  EXPECT_EQ(split(kUpstreams, {kLan, many}).zones.size(), limits::kResolverZones);
  EXPECT_NE(split(kUpstreams, {kLan, many}).problem, "");
  LinkResolvers crowded{{}, {"vpn.corp"}, false};
  for (std::size_t i = 0; i <= limits::kResolvers; ++i)
    crowded.servers.push_back({*IpAddress::parse("10.8.0." + std::to_string(i + 1))});
  const auto found = split(kUpstreams, {kLan, crowded});
  EXPECT_EQ(found.zones.front().resolvers.size(), limits::kResolvers);
  EXPECT_NE(found.problem, "");
}

}  // namespace
}  // namespace egress::resolvconf
