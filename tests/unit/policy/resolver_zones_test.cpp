#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "egress/policy/policy.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

DnsName name(std::string_view text) {
  return *DnsName::parse(text);
}
ResolverAddress at(std::string_view address) {
  return {*IpAddress::parse(address)};
}

const Resolvers kResolvers{.otherwise = {at("192.0.2.1")},
                           .zones = {{name("corp.example"), {at("10.0.0.1"), at("192.0.2.1")}},
                                     {name("vpn.corp.example"), {at("10.8.0.1")}},
                                     {name("corp"), {at("10.9.0.1")}}}};

TEST(ResolverZones, TheLongestZoneOnALabelBoundaryWins) {
  const auto first = [](std::string_view text) {
    return kResolvers.of(name(text)).front().address.text();
  };
  EXPECT_EQ(first("api.openai.com"), "192.0.2.1");
  EXPECT_EQ(first("corp.example"), "10.0.0.1");
  EXPECT_EQ(first("git.corp.example"), "10.0.0.1");
  EXPECT_EQ(first("vpn.corp.example"), "10.8.0.1");
  EXPECT_EQ(first("a.git.vpn.corp.example"), "10.8.0.1");
  EXPECT_EQ(first("x.corp"), "10.9.0.1");
  for (const char* beside : {"evilcorp.example", "example", "xvpn.com", "corp.example.com"})
    EXPECT_EQ(first(beside), "192.0.2.1") << beside;
  EXPECT_EQ(first("xvpn.corp.example"), "10.0.0.1");
}

TEST(ResolverZones, AllAreThereOnce) {
  EXPECT_EQ(kResolvers.all(),
            (std::vector{at("192.0.2.1"), at("10.0.0.1"), at("10.8.0.1"), at("10.9.0.1")}));
}

TEST(ResolverZones, TheSystemHasNoSayAboutWhatAZoneOfThePolicyHolds) {
  const std::vector<ZoneResolvers> of_policy{{name("corp.example"), {at("10.0.0.1")}}};
  const std::vector<ZoneResolvers> of_system{{name("example"), {at("10.1.0.1")}},
                                             {name("corp.example"), {at("10.2.0.1")}},
                                             {name("git.corp.example"), {at("10.3.0.1")}}};
  EXPECT_EQ(with_zones_of_system(of_policy, of_system),
            (std::vector<ZoneResolvers>{of_policy[0], of_system[0]}));
  EXPECT_EQ(with_zones_of_system({}, of_system), of_system);
}

std::string zones(std::size_t count, std::size_t resolvers_each) {
  std::string text = "version: 1\nresolvers:\n";
  for (std::size_t zone = 0; zone < count; ++zone) {
    text += "  z" + std::to_string(zone) + ".example: [";
    for (std::size_t i = 0; i < resolvers_each; ++i)
      text += (i == 0 ? "" : ", ") + std::string("10.0.") + std::to_string(zone) + "." +
              std::to_string(i + 1);
    text += "]\n";
  }
  return text;
}

TEST(ResolverZones, HaveTheirLimits) {
  const auto loads = [](const std::string& text) { return load_text(text).has_value(); };
  EXPECT_TRUE(loads(zones(limits::kResolverZones, 1)));
  EXPECT_FALSE(loads(zones(limits::kResolverZones + 1, 1)));
  static_assert(limits::kResolversInAll % limits::kResolvers == 0);
  const std::size_t full = limits::kResolversInAll / limits::kResolvers - 1;
  EXPECT_TRUE(loads(zones(full, limits::kResolvers))) << "those of the system have their room";
  EXPECT_FALSE(loads(zones(full, limits::kResolvers) + "  one.example: [192.0.2.1]\n"));
  EXPECT_TRUE(loads(zones(full, limits::kResolvers) +
                    "  one.example: [192.0.2.1]\n  default: [192.0.2.1]\n"));
  EXPECT_FALSE(loads(zones(1, limits::kResolvers + 1)));
}

}  // namespace
}  // namespace egress::policy
