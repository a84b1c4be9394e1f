#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

std::string problems(std::string_view text) {
  const auto parsed = parse_additions(node(text));
  std::string out;
  if (parsed) return out;
  for (const auto& problem : parsed.error()) out += problem.text() + '\n';
  return out;
}

TEST(AdditionsFile, ReadsBackWhatItWrites) {
  EntryOptions options;
  options.is_optional = true;
  options.allows_private = true;
  options.allows_metadata = true;
  options.is_wide = true;
  options.except = {"a.example"};
  options.until = kNow + seconds(900);
  options.reason = "quotes \", backslash \\, # no comment, bücher: {a}";
  const std::vector<Addition> additions{
      {"tcp/api.openai.com:443", {}, "root (uid 0)", kNow},
      {"preset:bedrock@eu-west-1", options, "ann (uid 1000)", kNow}};
  EXPECT_EQ(parse_additions(node(print_additions(additions))).value(), additions);
  EXPECT_TRUE(parse_additions(node(print_additions({}))).value().empty());
}

TEST(AdditionsFile, IsForPeople) {
  constexpr std::string_view kExpected =
      R"yaml(# What `egressctl allow` added. egressd writes this file; `egressctl deny` takes an entry out.
version: 1
additions:
  - target: "tcp/a.example:443"
    added_by: "root (uid 0)"
    added_at: 2026-11-21T00:00:00Z
)yaml";
  EXPECT_EQ(print_additions({{"tcp/a.example:443", {}, "root (uid 0)", kNow}}), kExpected);
}

TEST(AdditionsFile, EscapesWhatWouldEndALine) {
  const std::string text = print_additions({{"a\nb", {}, "eve\n  - target: evil", kNow}});
  EXPECT_EQ(text.find("evil\n"), std::string::npos);
  EXPECT_NE(problems(text), "");
}

TEST(AdditionsFile, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(
      problems("version: 1\nadditions:\n  - target: a.example\n    added_by: x\n    added_at: "
               "2026-11-21T00:00:00Z\n    optoinal: true\n"),
      "test.yaml:6:5: unknown key \"optoinal\"; did you mean \"optional\"?\n");
  EXPECT_EQ(
      problems("version: 1\nadditions:\n  - target: a.example\n"),
      "test.yaml:3:5: the key \"added_by\" is missing; accepted: one line of text\n"
      "test.yaml:3:5: the key \"added_at\" is missing; accepted: UTC as 2026-12-01T00:00:00Z\n");
  EXPECT_EQ(problems("version: 2\n"),
            "test.yaml:1:10: no version that this egressd reads; accepted: version: 1\n");
  EXPECT_EQ(problems("- a\n"),
            "test.yaml:1:1: a list is not a file of additions; accepted: a map with version: 1 and "
            "additions\n");
}

}  // namespace
}  // namespace egress::policy
