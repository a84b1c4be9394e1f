// A preset is broken in each way, and the lint says so at the line of it.
#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

struct Written {
  std::string name;
  std::string date = "2026-11";
  std::string rest = "risk: { kind: wide, why: w }\nentries: [a.example]\n";
  std::string file = {};  // empty: named after the preset
};

Preset preset(const Written& written) {
  const std::string file = written.file.empty() ? written.name + ".yaml" : written.file;
  return parse_preset(node("name: " + written.name +
                               "\ntitle: T\nsource: https://s.example\ndate: " + written.date +
                               "\n" + written.rest,
                           "rules/" + file),
                      name_rules())
      .value();
}

std::string findings(const std::vector<Written>& all) {
  Catalogue catalogue;
  for (const Written& written : all) catalogue.emplace(written.name, preset(written));
  std::string text;
  for (const Finding& finding : lint(catalogue, name_rules(), kNow))
    text += (finding.is_warning ? "warning: " : "") + finding.problem.text() + '\n';
  return text;
}

TEST(Lint, TheShippedPresetsAreClean) {
  std::string text;
  for (const Finding& finding : lint(shipped_catalogue(), name_rules(), kNow))
    text += finding.problem.text() + '\n';
  EXPECT_EQ(text, "");
}

TEST(Lint, ASoundPresetIsClean) {
  EXPECT_EQ(findings({{.name = "p"}}), "");
  EXPECT_EQ(findings({{.name = "p", .date = "2026-11-21"}}), "");
  EXPECT_EQ(findings({{.name = "p", .date = "2024-11-21"}}), "");
}

TEST(Lint, ADateIsNeitherInTheFutureNorOld) {
  EXPECT_EQ(findings({{.name = "p", .date = "2026-11-22"}}),
            "rules/p.yaml:4:7: the date \"2026-11-22\" is in the future; accepted: up to today\n");
  EXPECT_EQ(findings({{.name = "p", .date = "2026-12"}}),
            "rules/p.yaml:4:7: the date \"2026-12\" is in the future; accepted: up to today\n");
  EXPECT_EQ(
      findings({{.name = "p", .date = "2024-11-20"}}),
      "warning: rules/p.yaml:4:7: the date \"2024-11-20\" is more than two years ago; look at "
      "its source again\n");
}

TEST(Lint, TheFileIsNamedAfterThePreset) {
  EXPECT_EQ(findings({{.name = "p", .file = "q.yaml"}}),
            "rules/q.yaml:1:1: the preset \"p\"; accepted: in the file \"p.yaml\"\n");
}

TEST(Lint, AWordLeadsToOnePreset) {
  const std::string other = "risk: { kind: wide, why: w }\nentries: [b.example]\n";
  EXPECT_EQ(findings({{.name = "p", .rest = "known_as: [w]\n" + other}, {.name = "q"}}), "");
  EXPECT_EQ(findings({{.name = "p", .rest = "known_as: [q]\n" + other}, {.name = "q"}}),
            "rules/p.yaml:1:1: known as \"q\", which is the name of a preset; accepted: other "
            "words\n");
  EXPECT_EQ(
      findings({{.name = "p", .rest = "known_as: [w]\n" + other},
                {.name = "q",
                 .rest = "known_as: [w]\nrisk: { kind: wide, why: w }\nentries: [c.example]\n"}}),
      "rules/q.yaml:1:1: known as \"w\", as the preset \"p\" is; accepted: one of them\n");
}

TEST(Lint, EveryEntryHasARiskUnlessItIsPrivate) {
  EXPECT_EQ(findings({{.name = "p",
                       .rest = "entries:\n  - { target: a.example, private: true }\n"
                               "  - b.example\n"}}),
            "rules/p.yaml:7:5: \"b.example\" without a risk; accepted: one of upload, shared-cdn, "
            "wide, and why\n");
}

TEST(Lint, DeadNamesAreFoundAtAnyDepth) {
  const std::string dead = " is dead (it does not resolve any more); accepted: leave it out\n";
  EXPECT_EQ(findings({{.name = "p",
                       .rest = "risk: { kind: wide, why: w }\nentries:\n"
                               "  - api.anthropic.com\n  - statsig.anthropic.com\n"
                               "  - a.statsig.anthropic.com\n"}}),
            "rules/p.yaml:8:5: \"statsig.anthropic.com\"" + dead +
                "rules/p.yaml:9:5: \"a.statsig.anthropic.com\"" + dead);
}

TEST(Lint, NothingStandsTwice) {
  const std::string head = "risk: { kind: wide, why: w }\nentries:\n";
  EXPECT_EQ(findings({{.name = "p", .rest = head + "  - a.example\n  - A.example:443\n"}}),
            "rules/p.yaml:8:5: \"tcp/a.example:443\" twice in one preset; accepted: once\n");
  EXPECT_EQ(
      findings({{.name = "p", .rest = head + "  - a.example\n  - b.example\n"},
                {.name = "q", .rest = head + "  - b.example\n  - a.example\n"},
                {.name = "r", .rest = head + "  - a.example\n"}}),
      "rules/q.yaml:1:1: the same targets as the preset \"p\"; accepted: one preset of them\n");
}

TEST(Lint, AParameterIsUsed) {
  EXPECT_EQ(findings({{.name = "p",
                       .rest = "risk: { kind: wide, why: w }\nparameters: [region]\n"
                               "entries: [a.example]\n"}}),
            "rules/p.yaml:1:1: no target holds the parameter \"region\"; accepted: parameters that "
            "are used\n");
}

}  // namespace
}  // namespace egress::policy
