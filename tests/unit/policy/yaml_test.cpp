#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using namespace std::string_view_literals;

std::string refusal(std::string_view text) {
  const auto parsed = adapters::parse_yaml(text, "t.yaml");
  return parsed ? "accepted" : parsed.error().text();
}

TEST(Yaml, KeepsOrderPlacesAndQuoting) {
  const Node root = node("a: 1\nb:\n  - 'x'\n  - { k: ~ }\n");
  ASSERT_EQ(root.kind, Node::Kind::map);
  ASSERT_EQ(root.map.size(), 2U);
  EXPECT_EQ(root.map[0].key.scalar, "a");
  EXPECT_FALSE(root.map[0].value.is_quoted);
  EXPECT_EQ(root.map[0].value.place.text(), "test.yaml:1:4");
  const Node& list = root.map[1].value;
  ASSERT_EQ(list.kind, Node::Kind::list);
  EXPECT_TRUE(list.list[0].is_quoted);
  EXPECT_EQ(list.list[0].place.text(), "test.yaml:3:5");
  EXPECT_EQ(list.list[1].map[0].value.kind, Node::Kind::null);
}

TEST(Yaml, KeepsDuplicateKeysForTheReader) {
  EXPECT_EQ(node("a: 1\na: 2\n").map.size(), 2U);
}

TEST(Yaml, TakesAnEmptyFileAsNull) {
  EXPECT_EQ(node("").kind, Node::Kind::null);
  EXPECT_EQ(node("# only a remark\n").kind, Node::Kind::null);
}

TEST(Yaml, RefusesWhatAPolicyHasNoUseFor) {
  EXPECT_EQ(refusal("a: &x 1\n"), "t.yaml:1:4: an anchor; accepted: values written out");
  EXPECT_EQ(refusal("a: *x\n").substr(0, 11), "t.yaml:1:4:");
  EXPECT_EQ(refusal("a: !!str 1\n"),
            "t.yaml:1:4: the tag \"tag:yaml.org,2002:str\"; accepted: values without tags");
  EXPECT_EQ(refusal("a: 1\n---\nb: 1\n").substr(0, 26), "t.yaml:2:1: a second docum");
}

TEST(Yaml, RefusesControlCharactersAndBrokenUtf8) {
  EXPECT_EQ(refusal("a: 1\nb: x\0y\n"sv),
            "t.yaml:2:5: the control character \"\\x00\"; accepted: printable text");
  EXPECT_EQ(refusal("a: 1\n\x04hidden: 2\n"),
            "t.yaml:2:1: the control character \"\\x04\"; accepted: printable text");
  EXPECT_EQ(refusal("a: \x1b[2J\n"),
            "t.yaml:1:4: the control character \"\\x1b\"; accepted: printable text");
  EXPECT_EQ(refusal("a: \xff\n"), "t.yaml: the file is not UTF-8; accepted: UTF-8");
}

TEST(Yaml, ReportsSyntaxWithItsPlace) {
  EXPECT_EQ(refusal("a: [1, 2\n").substr(0, 7), "t.yaml:");
  EXPECT_NE(refusal("a: [1, 2\n").find("not YAML"), std::string::npos);
  EXPECT_NE(refusal("a: b: c\n").find("not YAML"), std::string::npos);
}

// yaml-cpp names the octet after the backslash.
TEST(Yaml, ASyntaxErrorCanBeShownWhateverItNames) {
  EXPECT_EQ(refusal("a: \"x\\ü\"\n"), "t.yaml:1:8: not YAML: unknown escape character: \\xc3");
  EXPECT_EQ(refusal("a: \"x\\"), "t.yaml:1:8: not YAML: unknown escape character: \\x04");
}

TEST(Yaml, RefusesAQuoteThatIsNeverClosed) {
  constexpr std::string_view kMessage = "a quote that is never closed; accepted: a second quote";
  EXPECT_EQ(refusal("a: \"x\nb: 2\n"), "t.yaml:1:4: " + std::string(kMessage));
  EXPECT_EQ(refusal("\xef\xbb\xbfü: 'x''\n"), "t.yaml:1:5: " + std::string(kMessage));
  EXPECT_EQ(refusal("a: \"x\\\"\n"), "t.yaml:1:4: " + std::string(kMessage));
  EXPECT_EQ(refusal("a: \"x\\\\\"\n"), "accepted");
  EXPECT_EQ(refusal("\xef\xbb\xbfü: 'it''s'\n"), "accepted");
  EXPECT_EQ(refusal("ü: 'x'\nb: |\n  it's\n"), "accepted");
}

TEST(Yaml, IsBoundedInBytes) {
  std::string text = "a: 1\n#";
  text.resize(limits::kPolicyFileBytes, 'x');
  EXPECT_EQ(refusal(text), "accepted");
  EXPECT_EQ(refusal(text + 'x'), "t.yaml: the file has 1048577 octets; accepted: up to 1048576");
}

TEST(Yaml, IsBoundedInDepth) {
  const std::string open(limits::kPolicyDepth, '[');
  const std::string close(limits::kPolicyDepth, ']');
  EXPECT_EQ(refusal(open + close), "accepted");
  EXPECT_EQ(refusal('[' + open + close + ']'),
            "t.yaml:1:17: lists and maps nested deeper than 16; accepted: flatter");
  EXPECT_NE(refusal(std::string(500'000, '[')), "accepted");
}

TEST(Yaml, IsBoundedInNodes) {
  std::string items;
  for (std::size_t i = 1; i < limits::kPolicyNodes; ++i) items += "- 1\n";
  EXPECT_EQ(refusal(items), "accepted");
  EXPECT_EQ(refusal(items + "- 1\n"),
            "t.yaml:200000:3: more than 200000 values in one file; accepted: fewer");
}

// A file of egressd's own holds as much as there may be entries, with all their options.
TEST(Yaml, HasOtherBoundsForFilesOfItsOwn) {
  const auto is_read = [](const std::string& text) {
    return adapters::parse_yaml(text, "t.yaml", {limits::kStateFileBytes, limits::kStateNodes})
        .has_value();
  };
  std::string items;
  for (std::size_t i = 1; i < limits::kStateNodes; ++i) items += "- 1\n";
  EXPECT_TRUE(is_read(items));
  EXPECT_FALSE(is_read(items + "- 1\n"));
  std::string text = "a: 1\n#";
  text.resize(limits::kStateFileBytes, 'x');
  EXPECT_TRUE(is_read(text));
  EXPECT_FALSE(is_read(text + 'x'));
}

}  // namespace
}  // namespace egress::policy
