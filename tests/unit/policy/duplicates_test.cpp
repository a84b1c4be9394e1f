#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

std::string problems(std::string_view items) {
  return problems_of(load_text("version: 1\nallow:\n" + std::string(items)));
}

AllowEntry only(const tl::expected<Policy, Problems>& loaded, std::string_view target) {
  for (const auto& entry : loaded.value().entries) {
    if (entry.target() == target) return entry;
  }
  throw std::out_of_range(std::string(target));
}

Addition addition(std::string target, EntryOptions options = {}) {
  return {std::move(target), std::move(options), "root (uid 0)", kNow};
}

tl::expected<Policy, Problems> with(std::string_view items, std::vector<Addition> additions) {
  return load(Files{{node("version: 1\nallow:\n" + std::string(items))}, std::move(additions)});
}

TEST(Duplicates, WithTheSameOptionsAreFineAndTheFirstStays) {
  const auto loaded = load_text(
      "version: 1\nallow:\n  - a.example\n  - tcp/A.example.:443\n  - { host: a.example, reason: x "
      "}\n");
  ASSERT_TRUE(loaded) << problems_of(loaded);
  ASSERT_EQ(loaded->entries.size(), 1U);
  EXPECT_EQ(loaded->entries[0].origin.place.line, 3);
}

TEST(Duplicates, WithOtherOptionsNameBothPlaces) {
  EXPECT_EQ(
      problems("  - a.example\n  - { host: a.example, private: true }\n"),
      "test.yaml:4:5: \"tcp/a.example:443\" is allowed at test.yaml:3:5 with other options "
      "(there: required; here: required, private); accepted: one entry, or the same options\n");
  EXPECT_NE(problems("  - a.example\n  - { host: a.example, optional: true }\n"), "");
  EXPECT_NE(problems("  - a.example\n  - { host: a.example, until: 2027-01-01T00:00:00Z }\n"), "");
}

TEST(Duplicates, AreJudgedPerPort) {
  EXPECT_EQ(problems("  - a.example:80,443\n  - { host: a.example, port: 8443, private: true }\n"),
            "");
  EXPECT_NE(problems("  - a.example:80,443\n  - { host: a.example, port: 80, private: true }\n"),
            "");
}

TEST(Duplicates, WrittenOutBeatsPresetAndService) {
  for (const std::string_view items :
       {"  - preset:azure-openai@x\n  - x.services.ai.azure.com\n",
        "  - x.services.ai.azure.com\n  - preset:azure-openai@x\n"}) {
    const auto loaded = load_text("version: 1\nallow:\n" + std::string(items));
    ASSERT_TRUE(loaded) << problems_of(loaded);
    EXPECT_FALSE(only(loaded, "tcp/x.services.ai.azure.com:443").is_optional);
    EXPECT_TRUE(only(loaded, "tcp/x.cognitiveservices.azure.com:443").is_optional);
  }
  const auto loaded = load_text(
      "version: 1\nservices: { ntp: [t.example] }\nallow: [{ target: 'udp/t.example:123', private: "
      "true }]\n");
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_TRUE(only(loaded, "udp/t.example:123").allows_private);
}

TEST(Duplicates, OfTwoPresetsTheRequiredOneStays) {
  const auto loaded = load_text(
      "version: 1\nallow:\n  - { preset: azure-openai@x, optional: true }\n"
      "  - preset:azure-openai@x\n");
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_FALSE(only(loaded, "tcp/x.openai.azure.com:443").is_optional);
  EXPECT_TRUE(only(loaded, "tcp/x.services.ai.azure.com:443").is_optional);
  EXPECT_NE(problems("  - { preset: openai, private: true }\n  - preset: openai\n"), "");
}

TEST(Additions, AddToTheFile) {
  const auto loaded = with("  - a.example\n", {addition("tcp/b.example:443")});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  const AllowEntry entry = only(loaded, "tcp/b.example:443");
  EXPECT_EQ(entry.origin.kind, Origin::Kind::operator_added);
  EXPECT_EQ(entry.origin.text(), "root (uid 0)");
}

TEST(Additions, ThatGrantNoMoreThanTheFileAreSubsumed) {
  EntryOptions boxed;
  boxed.until = kNow + seconds(60);
  const auto loaded = with("  - a.example\n", {addition("tcp/a.example:443", boxed)});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_EQ(only(loaded, "tcp/a.example:443").origin.kind, Origin::Kind::file);
  EXPECT_FALSE(only(loaded, "tcp/a.example:443").until);
}

TEST(Additions, ThatGrantMoreThanTheFileAreAProblem) {
  EntryOptions private_answers;
  private_answers.allows_private = true;
  EXPECT_EQ(
      problems_of(with("  - a.example\n", {addition("tcp/a.example:443", private_answers)})),
      "additions: \"tcp/a.example:443\" is allowed at test.yaml:3:5 with other options (there: "
      "required; here: required, private); accepted: one entry, or the same options\n");
  EXPECT_NE(problems_of(with("  - { host: a.example, until: 2027-01-01T00:00:00Z }\n",
                             {addition("tcp/a.example:443")})),
            "");
}

// They would be in vain: what the file allows stays allowed.
TEST(Additions, ThatExceptMoreThanTheFileAreAProblem) {
  const std::string file = "  - { host: '*.a.example', except: [b.a.example] }\n";
  EntryOptions narrower;
  narrower.except = {"a.a.example", "b.a.example"};
  EXPECT_NE(problems_of(with(file, {addition("tcp/*.a.example:443", narrower)})), "");
  EntryOptions the_same;
  the_same.except = {"b.a.example"};
  EXPECT_EQ(problems_of(with(file, {addition("tcp/*.a.example:443", the_same)})), "");
  EntryOptions below;
  below.except = {"b.a.example", "c.b.a.example"};
  EXPECT_EQ(problems_of(with(file, {addition("tcp/*.a.example:443", below)})), "");
  EntryOptions wider;
  wider.except = {"c.b.a.example"};
  EXPECT_NE(problems_of(with(file, {addition("tcp/*.a.example:443", wider)})), "");
  EXPECT_NE(problems_of(with(file, {addition("tcp/*.a.example:443")})), "");
  EXPECT_NE(problems_of(with("  - '*.a.example'\n", {addition("tcp/*.a.example:443", wider)})), "");
}

TEST(Additions, LaterReplacesEarlier) {
  EntryOptions boxed;
  boxed.until = kNow + seconds(60);
  const auto loaded =
      with("  - a.example\n", {addition("b.example:443", boxed), addition("b.example")});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_FALSE(only(loaded, "tcp/b.example:443").until);
}

TEST(Additions, EndWithTheirTime) {
  EntryOptions ended;
  ended.until = kNow;
  const auto loaded = with("  - a.example\n", {addition("b.example", ended)});
  EXPECT_EQ(targets_of(loaded), "tcp/a.example:443\n");
}

TEST(Additions, AreHeldToTheSameRules) {
  EXPECT_NE(problems_of(with("  - a.example\n", {addition("169.254.169.254:80")})), "");
  EXPECT_NE(problems_of(with("  - a.example\n", {addition("*.com")})), "");
  EXPECT_EQ(
      targets_of(with("  - a.example\n", {addition("preset:bedrock@eu-west-1")})).substr(0, 18),
      "tcp/a.example:443\n");
}

}  // namespace
}  // namespace egress::policy
