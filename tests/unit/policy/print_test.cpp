#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

// What a policy file cannot say: where an entry comes from, and the risk that a preset knows of.
Policy without_remarks(Policy policy) {
  std::vector<AllowEntry> entries(policy.entries.begin(), policy.entries.end());
  for (auto& entry : entries) {
    const bool is_service = entry.origin.kind == Origin::Kind::service;
    entry.origin = is_service ? Origin{Origin::Kind::service, {}, {}, {}, "ntp"} : Origin{};
    entry.risk.reset();
  }
  policy.entries = Entries(std::move(entries));
  return policy;
}

class PrintedPolicy : public testing::TestWithParam<std::string_view> {};

TEST_P(PrintedPolicy, LoadsToTheSameValue) {
  const auto loaded = load_text(GetParam());
  ASSERT_TRUE(loaded) << problems_of(loaded);
  const auto again = load_text(print(*loaded));
  ASSERT_TRUE(again) << problems_of(again) << print(*loaded);
  EXPECT_EQ(without_remarks(*again), without_remarks(*loaded)) << print(*loaded);
  EXPECT_EQ(print(without_remarks(*again)), print(without_remarks(*loaded)));
}

INSTANTIATE_TEST_SUITE_P(
    RoundTrip, PrintedPolicy,
    testing::Values(
        "version: 1\n",
        "version: 1\nmode: audit\nservices: { dhcp: false, ntp: [pool.ntp.org, 192.0.2.1, "
        "'2001:db8::1'] }\n",
        "version: 1\nservices: { guests: false, metadata: boot }\n",
        "version: 1\nresolvers: [192.0.2.53, '192.0.2.53:5353', '[2001:db8::1]:5353', "
        "'2001:db8::2', 'fe80::1%eth0', '[fe80::2%br-0]:5353']\n",
        "version: 1\nlimits: { min_ttl: 61s, max_ttl: 90m, grace: 1d }\nforward: [docker0, "
        "'br-*']\n",
        "version: 1\nallow:\n"
        "  - preset: openai\n  - preset: anthropic\n  - { preset: bedrock, region: eu-west-1 }\n"
        "  - { preset: azure-openai, resource: contoso, reason: 'a \"quoted\" # \\ reason' }\n"
        "  - { host: bücher.example, port: [80, 8000-8010], transport: udp, private: true }\n"
        "  - { cidr: '2001:db8::/32', port: 1-65535, until: 2027-01-01T00:00:00Z }\n"
        "  - { target: '169.254.169.254:80', metadata: true, optional: true }\n",
        "version: 1\nallow:\n  - { host: '*.s3.amazonaws.com', wide: true }\n  - github.io\n"
        "  - { host: '.example.com', except: [b.example.com, bücher.example.com] }\n"));

TEST(Print, RemarksCannotAddLines) {
  Policy policy;
  AllowEntry entry;
  entry.destination = DnsName::parse("a.example").value();
  entry.origin.place.file = "evil\nallow: [evil.example]";
  entry.risk = Risk{Risk::Kind::upload, "all\n  - evil.example"};
  policy.entries = Entries(std::vector{entry});
  EXPECT_EQ(targets_of(load_text(print(policy))), "tcp/a.example:443\n");
}

}  // namespace
}  // namespace egress::policy
