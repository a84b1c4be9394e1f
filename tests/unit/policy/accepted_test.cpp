// A policy as egressd keeps it for the day on which it can no longer be judged: whole, and read
// back by its form alone.
#include "egress/policy/accepted.hpp"

#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

constexpr std::string_view kText = R"(version: 1
mode: audit
resolvers: [192.0.2.53, "[2001:db8::1]:5353"]
dns: { mode: guard, refuse_with: refused, wildcard_rate: 9/h }
services: { dhcp: false, ntp: [pool.ntp.org, "2001:db8::123"] }
limits: { min_ttl: 2s, max_ttl: 2h, grace: 31s, stale: 2h }
forward: ["br-*"]
inbound: [22/tcp, 60000-61000/udp, ping]
allow:
  - "*.example.org:80,443"
  - .example.net
  - "udp/[2001:db8::/32]:8000-8010"
  - 192.0.2.0/24
  - { preset: github, optional: true }
  - preset:bedrock@eu-west-1
  - { host: a.example, private: true, metadata: true, until: 2027-01-01T00:00:00Z, reason: "\"q\" # ü: {}" }
)";

Accepted accepted() {
  Notes notes;
  Accepted all;
  all.policy =
      load_files({{node(kText)}, {}, &shipped_catalogue(), &name_rules(), kNow}, &notes).value();
  all.items = notes.items;
  all.digest = digest_of({kText});
  EntryOptions options;
  options.until = kNow + seconds(60);
  all.additions = {{"tcp/b.example:443", options, "root (uid 0)", kNow},
                   {"preset:tools", {}, "root (uid 0)", kNow, false, {}}};
  AllowEntry tool = parse_entry("tcp/tools.example:443").value();
  tool.risk = Risk{Risk::Kind::shared_cdn, "\"everybody\""};
  all.additions.back().opens = {tool};
  return all;
}

tl::expected<Accepted, Problems> read(std::string_view text, WallTime now = kNow) {
  return parse_accepted(node(text), now);
}

TEST(AcceptedPolicy, ReadsBackResolversOfZones) {
  Accepted all = accepted();
  all.policy = load_text(
                   "version: 1\nresolvers: { vpn.corp: [10.8.0.1, \"fe80::1%wg0\"], "
                   "b.corp: [\"[2001:db8::1]:5353\"] }\n")
                   .value();
  const auto again = read(print_accepted(all));
  ASSERT_TRUE(again) << again.error().front().text();
  EXPECT_EQ(again->policy.zones, all.policy.zones);
  EXPECT_EQ(again->policy.zones.size(), 2U);
  EXPECT_FALSE(again->policy.resolvers);
}

TEST(AcceptedPolicy, ReadsBackWhatItWrites) {
  const Accepted all = accepted();
  const std::string text = print_accepted(all);
  const auto again = read(text);
  ASSERT_TRUE(again) << again.error().front().text();
  EXPECT_EQ(again->policy, all.policy) << text;
  EXPECT_EQ(again->digest, all.digest);
  EXPECT_EQ(again->additions, all.additions);
  EXPECT_EQ(print_accepted(*again), text);
}

TEST(AcceptedPolicy, LeavesOutWhatHasEnded) {
  const auto later = read(print_accepted(accepted()), kNow + std::chrono::days(365));
  ASSERT_TRUE(later);
  EXPECT_EQ(later->policy.entries.find("tcp/a.example:443"), nullptr);
  EXPECT_EQ(later->policy.entries.size() + 1, accepted().policy.entries.size());
}

TEST(AcceptedPolicy, RefusesWhatIsNotItsForm) {
  const std::string text = print_accepted(accepted());
  for (const auto& [from, to] : {std::pair("version: 2", "version: 3"),
                                 {"tcp/a.example:443", "tcp/a example:443"},
                                 {"tcp/a.example:443", "a.example"},
                                 {"tcp/a.example:443", "tcp/a.example:0"},
                                 {"max_ttl: 7200", "max_ttl: -1"},
                                 {"items:", "itmes:"},
                                 {"optional: true", "optional: 1"},
                                 {"192.0.2.53 53", "192.0.2.53 0"},
                                 {":10:5\"", "\""}}) {
    std::string broken = text;
    ASSERT_NE(broken.find(from), std::string::npos) << from;
    broken.replace(broken.find(from), std::string_view(from).size(), to);
    EXPECT_FALSE(read(broken)) << from << " → " << to;
  }
  EXPECT_FALSE(read("version: 2\n"));
  EXPECT_FALSE(read("[]"));
}

TEST(AcceptedPolicy, ItsDigestTellsTextsApart) {
  EXPECT_EQ(digest_of({"a", "b"}), digest_of({"a", "b"}));
  EXPECT_NE(digest_of({"a", "b"}), digest_of({"ab", ""}));
  EXPECT_NE(digest_of({"a"}), digest_of({"b"}));
  EXPECT_NE(digest_of({}), 0U);
}

TEST(EntryText, IsReadByItsFormAlone) {
  for (const char* target : {"tcp/com:443", "udp/*.co.uk:53", "tcp/.example.net:1-65535",
                             "tcp/0.0.0.0/0:443", "tcp/[::/0]:443", "tcp/192.0.2.1:22"})
    EXPECT_EQ(parse_entry(target).value().target(), target);
  for (const char* wrong : {"", "com", "tcp/com", "sctp/com:443", "tcp/:443", "tcp/com:0",
                            "tcp/com:443,444", "tcp/[::1:443", "tcp/*.:443", "443:tcp/a"})
    EXPECT_FALSE(parse_entry(wrong)) << wrong;
}

TEST(Changes, NameEverySettingAndTheOptionsOfEntriesThatStay) {
  const Policy before = load_text("version: 1\nallow: [a.example, b.example, c.example]\n").value();
  EXPECT_TRUE(changed_settings(before, before).empty());
  const Policy after =
      load_text(
          "version: 1\nforward: []\nlimits: { grace: 31s }\n"
          "allow: [{ host: a.example, private: true, optional: true }, b.example, d.example]\n")
          .value();
  EXPECT_EQ(changed_settings(before, after),
            (std::vector<SettingChange>{{"limits.grace", "15m", "31s"},
                                        {"forward", "all", "none"},
                                        {"tcp/a.example:443", "required", "optional, private"}}));
}

}  // namespace
}  // namespace egress::policy
