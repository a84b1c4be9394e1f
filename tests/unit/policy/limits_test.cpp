#include "egress/core/limits.hpp"

#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

std::string hosts(std::size_t count) {
  std::string text = "version: 1\nallow:\n";
  for (std::size_t i = 0; i < count; ++i) text += "  - h" + std::to_string(i) + ".example\n";
  return text;
}

// `key: [item(0), item(1), ...]` of that many items.
template <class Item>
std::string list_of(std::string_view key, std::size_t count, Item item) {
  std::string text = "version: 1\n" + std::string(key) + ":\n";
  for (std::size_t i = 0; i < count; ++i) text += "  - " + item(i) + '\n';
  return text;
}

TEST(Limits, OnEntries) {
  const auto full = load_text(hosts(limits::kEntries));
  ASSERT_TRUE(full) << problems_of(full);
  EXPECT_EQ(full->entries.size(), limits::kEntries);
  EXPECT_EQ(
      problems_of(load_text(hosts(limits::kEntries + 1))),
      "test.yaml:10003:5: more than 10000 entries after presets and ports unfold; accepted: fewer, "
      "or CIDRs\n");
}

TEST(Limits, OnEntriesCountAdditionsAndPortsToo) {
  const auto file = node(hosts(limits::kEntries - 1));
  const Addition one{"x.example:80", {}, "root (uid 0)", kNow};
  const Addition two{"x.example:80,90", {}, "root (uid 0)", kNow};
  EXPECT_TRUE(load(Files{{file}, {one}}));
  EXPECT_EQ(
      problems_of(load(Files{{file}, {two}})),
      "additions: more than 10000 entries after presets and ports unfold; accepted: fewer, or "
      "CIDRs\n");
}

TEST(Limits, OnResolvers) {
  const auto item = [](std::size_t i) { return "192.0.2." + std::to_string(i + 1); };
  EXPECT_TRUE(load_text(list_of("resolvers", limits::kResolvers, item)));
  EXPECT_EQ(problems_of(load_text(list_of("resolvers", limits::kResolvers + 1, item))),
            "test.yaml:3:3: 9 resolvers; accepted: up to 8\n");
}

TEST(Limits, OnForwardPatterns) {
  const auto item = [](std::size_t i) { return "br" + std::to_string(i); };
  EXPECT_TRUE(load_text(list_of("forward", limits::kForwardPatterns, item)));
  EXPECT_EQ(problems_of(load_text(list_of("forward", limits::kForwardPatterns + 1, item))),
            "test.yaml:3:3: 33 interfaces; accepted: up to 32\n");
  const auto except = [](std::size_t count) {
    std::string names;
    for (std::size_t i = 0; i < count; ++i) names += "br" + std::to_string(i) + ", ";
    return load_text("version: 1\nforward: { except: [" + names + "] }\n");
  };
  EXPECT_TRUE(except(limits::kForwardPatterns));
  EXPECT_EQ(problems_of(except(limits::kForwardPatterns + 1)),
            "test.yaml:2:20: 33 interfaces; accepted: up to 32\n");
}

TEST(Limits, OnInboundPorts) {
  const auto item = [](std::size_t i) { return std::to_string(2 * i + 1) + "/tcp"; };
  EXPECT_TRUE(load_text(list_of("inbound", limits::kInboundPorts, item)));
  EXPECT_EQ(problems_of(load_text(list_of("inbound", limits::kInboundPorts + 1, item))),
            "test.yaml:3:3: 65 ports; accepted: up to 64\n");
}

TEST(Limits, OnReasons) {
  const auto with = [](std::size_t octets) {
    return problems_of(load_text(
        "version: 1\nallow: [{ host: a.example, reason: " + std::string(octets, 'r') + " }]\n"));
  };
  EXPECT_EQ(with(limits::kReasonBytes), "");
  EXPECT_EQ(with(limits::kReasonBytes + 1),
            "test.yaml:2:36: a reason of 257 octets; accepted: up to 256\n");
}

TEST(Limits, OnTimes) {
  const auto with = [](std::string_view text) {
    return problems_of(load_text("version: 1\nlimits: { " + std::string(text) + " }\n"));
  };
  EXPECT_EQ(with("min_ttl: 1s, max_ttl: 1s, grace: 1s"), "");
  EXPECT_EQ(with("min_ttl: 24h, max_ttl: 24h, grace: 24h"), "");
  EXPECT_EQ(with("max_ttl: 86401s"),
            "test.yaml:2:20: \"86401s\" is out of bounds; accepted: 1s to 1d\n");
  EXPECT_EQ(with("grace: 86401s"),
            "test.yaml:2:18: \"86401s\" is out of bounds; accepted: 1s to 1d\n");
  EXPECT_EQ(with("min_ttl: 2h"),
            "test.yaml:2:20: min_ttl 2h exceeds max_ttl 1h; accepted: min_ttl up to max_ttl\n");
  EXPECT_EQ(with("max_ttl: 4s"),
            "test.yaml:2:20: min_ttl 5s exceeds max_ttl 4s; accepted: min_ttl up to max_ttl\n");
}

TEST(Limits, OnInterfaceNames) {
  const auto with = [](std::string_view pattern) {
    return problems_of(load_text("version: 1\nforward: ['" + std::string(pattern) + "']\n"))
        .empty();
  };
  EXPECT_TRUE(with("fifteen-octets1"));
  EXPECT_FALSE(with("sixteen-octets12"));
  EXPECT_TRUE(with("fourteen-octe*"));
}

TEST(Limits, OnAdditions) {
  std::vector<Addition> additions(limits::kEntries, {"a.example", {}, "root (uid 0)", kNow});
  EXPECT_TRUE(parse_additions(node(print_additions(additions))));
  additions.push_back(additions.front());
  EXPECT_FALSE(parse_additions(node(print_additions(additions))));
}

}  // namespace
}  // namespace egress::policy
