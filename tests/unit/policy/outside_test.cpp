// The file that names hosts outside the policy.
#include "egress/policy/outside.hpp"

#include <gmock/gmock.h>

#include "adapters/yaml/yaml.hpp"
#include "egress/core/limits.hpp"

namespace egress::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Outside built_in() {
  Outside outside;
  outside.hosts = {
      {DnsName::parse("built-in.example").value(),
       {IpAddress::parse("192.0.2.99").value(), IpAddress::parse("2001:db8::99").value()}}};
  outside.resolvers = {IpAddress::parse("192.0.2.53").value()};
  outside.doh = {{DnsName::parse("doh.example").value(), {IpAddress::parse("192.0.2.44").value()}}};
  outside.inside_names = {DnsName::parse("inside.example").value()};
  return outside;
}

tl::expected<Outside, Problems> parse(const std::string& text) {
  return parse_outside(adapters::parse_yaml(text, "outside.yaml").value(), built_in());
}

// The first problem; empty where there is none.
std::string complaint(const std::string& text) {
  const auto outside = parse(text);
  return outside ? "" : outside.error().front().text();
}

constexpr const char* kTwo =
    "hosts:\n"
    "  - { name: a.example, v4: 192.0.2.1, v6: '2001:db8::1' }\n"
    "  - { name: B.example, v4: 10.0.0.5, v6: 'fd12::5' }\n";

TEST(OutsideFile, ListsTakeThePlaceOfThoseBuiltIn) {
  const auto hosts = parse(kTwo);
  ASSERT_TRUE(hosts) << hosts.error().front().text();
  ASSERT_EQ(hosts->hosts.size(), 2U);
  EXPECT_EQ(hosts->hosts[1].name.text(), "b.example");
  EXPECT_EQ(hosts->hosts[1].addresses[0].text(), "10.0.0.5") << "what must not be reached inside";
  EXPECT_EQ(hosts->hosts[1].addresses[1].text(), "fd12::5");
  EXPECT_EQ(hosts->inside_names.front().text(), "inside.example") << "left out";

  const auto others = parse(
      "resolvers: [9.9.9.9, '2620:fe::fe']\n"
      "doh: [{ name: dns.quad9.net, addresses: [9.9.9.9] }]\ninside-names: [in.example]\n");
  ASSERT_TRUE(others) << others.error().front().text();
  EXPECT_EQ(others->hosts.front().name.text(), "built-in.example");
  EXPECT_EQ(others->resolvers.size(), 2U);
  EXPECT_EQ(others->doh.front().addresses.front().text(), "9.9.9.9") << "as a resolver, too";
  EXPECT_EQ(others->inside_names.front().text(), "in.example");
  EXPECT_TRUE(parse("{}"));
}

TEST(OutsideFile, EachMistakeIsToldWithItsPlaceAndWhatIsAccepted) {
  const std::pair<const char*, const char*> cases[] = {
      {"hosts: a.example", "outside.yaml:1:8: \"a.example\" is not a list of hosts; accepted: "},
      {"port: []", "outside.yaml:1:1: unknown key \"port\""},
      {"hosts: []", "outside.yaml:1:8: too few; accepted: at least two"},
      {"hosts: [{ name: a.example, v4: 192.0.2.1 }]", "the key \"v6\" is missing"},
      {"hosts: [{ name: a.example, v4: '2001:db8::1', v6: '2001:db8::2' }]",
       "\"2001:db8::1\" is not an IPv4 address"},
      {"hosts: [{ name: 'a b', v4: 192.0.2.1, v6: '2001:db8::1' }]", "\"a b\" is not a name"},
      {"hosts: [{ name: a.example, v4: 192.0.2.1, v6: '2001:db8::1', port: 1 }]",
       "unknown key \"port\""},
      {"resolvers: [127.0.0.1]", "\"127.0.0.1\" is no host's outside"},
      {"resolvers: [169.254.169.254]", "is no host's outside"},
      {"resolvers: [224.0.0.1]", "is no host's outside"},
      {"resolvers: ['::ffff:127.0.0.1']", "is no host's outside"},
      {"resolvers: [9.9.9.9]", "too few; accepted: at least one of each family"},
      {"resolvers: [9.9.9.9, 9.9.9.9]", "9.9.9.9 stands here already"},
      {"resolvers: [192.0.2.99, '2620:fe::fe']", "192.0.2.99 stands in a list that is built"},
      {"doh: [{ name: a.example, addresses: [192.0.2.99] }]", "192.0.2.99 stands in a list"},
      {"hosts: [{ name: a.example, v4: 192.0.2.53, v6: '2001:db8::1' }]",
       "outside.yaml:1:32: 192.0.2.53 stands in a list that is built in; accepted: another"},
      {"hosts: [{ name: a.example, v4: 192.0.2.44, v6: '2001:db8::1' }]",
       "192.0.2.44 stands in a list that is built in"},
      {"hosts: [{ name: 192.0.2.1, v4: 192.0.2.1, v6: '2001:db8::1' }]", "is not a name"},
      {"inside-names: ['*.example']", "\"*.example\" is not a name"},
      {"resolvers: [dns.google]", "\"dns.google\" is not an address"},
      {"doh: [{ name: dns.example, addresses: [] }]", "too few"},
      {"doh: [{ name: a.example, addresses: [192.0.2.8] }, { name: b.example, addresses: [] }]",
       "outside.yaml:1:82: too few"},
      {"doh: [{ name: a.example, addresses: 192.0.2.8 }]", "\"192.0.2.8\" is not a host"},
      {"doh: []", "too few"},
      {"inside-names: []", "too few"},
      {"[]", "is not a list of outside hosts"},
      {"", "is not a list of outside hosts"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(complaint(text), HasSubstr(expected)) << text;
    EXPECT_THAT(complaint(text), StartsWith("outside.yaml:")) << text;
    EXPECT_THAT(complaint(text), HasSubstr("accepted")) << text;
  }
  const auto same =
      parse(std::string(kTwo) + "  - { name: c.example, v4: 192.0.2.1, v6: 'fd12::7' }");
  ASSERT_FALSE(same);
  EXPECT_THAT(same.error().front().text(), StartsWith("outside.yaml:4:28: 192.0.2.1 stands here"));
}

TEST(OutsideFile, AListThatTheFileHasAsWellMayHaveBeenBuiltInOtherwise) {
  const auto outside = parse(
      "hosts:\n  - { name: a.example, v4: 192.0.2.53, v6: '2001:db8::1' }\n"
      "  - { name: b.example, v4: 192.0.2.44, v6: '2001:db8::2' }\n"
      "resolvers: [192.0.2.99, '2001:db8::99']\n"
      "doh: [{ name: c.example, addresses: [192.0.2.99] }]\n");
  EXPECT_TRUE(outside) << outside.error().front().text();
}

TEST(OutsideFile, AListHasItsBound) {
  const auto names = [](std::size_t count) {
    std::string text = "inside-names: [a0.example";
    for (std::size_t i = 1; i < count; ++i) text += ", a" + std::to_string(i) + ".example";
    return text + "]";
  };
  EXPECT_EQ(complaint(names(limits::kProofOutsiders)), "");
  EXPECT_THAT(complaint(names(limits::kProofOutsiders + 1)),
              StartsWith("outside.yaml:1:15: 17 are too many; accepted: at most 16"));
}

TEST(OutsideFile, OnePassFindsEveryMistake) {
  const auto outside = parse("hosts: []\nresolvers: [127.0.0.1, x]\nmore: 1\n");
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().size(), 4U) << "too few resolvers, too, but those are to be mended";
}

}  // namespace
}  // namespace egress::policy
