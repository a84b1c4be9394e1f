#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using namespace std::string_view_literals;

bool is_suffix(std::string_view name) {
  return name_rules().is_public_suffix(DnsName::parse(name).value());
}

TEST(PublicSuffix, CoversBothSectionsOfTheList) {
  EXPECT_TRUE(is_suffix("com"));
  EXPECT_TRUE(is_suffix("co.uk"));
  EXPECT_TRUE(is_suffix("github.io"));
  EXPECT_TRUE(is_suffix("anything.ck"));
  EXPECT_TRUE(is_suffix("xn--p1ai"));
}

TEST(PublicSuffix, LeavesHostsAndInternalNamesAlone) {
  EXPECT_FALSE(is_suffix("api.openai.com"));
  EXPECT_FALSE(is_suffix("someone.github.io"));
  EXPECT_FALSE(is_suffix("www.ck"));
  EXPECT_FALSE(is_suffix("litellm"));
  EXPECT_FALSE(is_suffix("internal-repo.corp"));
}

TEST(ToALabel, FollowsUts46NonTransitional) {
  const auto& to_a_label = name_rules().to_a_label;
  EXPECT_EQ(to_a_label("bücher.example").value(), "xn--bcher-kva.example");
  EXPECT_EQ(to_a_label("BÜCHER.example").value(), "xn--bcher-kva.example");
  EXPECT_EQ(to_a_label("faß.example").value(), "xn--fa-hia.example");
  EXPECT_EQ(to_a_label("plain.example").value(), "plain.example");
}

TEST(ToALabel, RefusesWhatCouldBeReadTwoWays) {
  const auto& to_a_label = name_rules().to_a_label;
  EXPECT_FALSE(to_a_label("b\0ücher.example"sv));
  EXPECT_FALSE(to_a_label("b\xffr.example"sv));
  EXPECT_FALSE(to_a_label("a\u202e.example"sv));
  EXPECT_FALSE(to_a_label("ü" + std::string(300, 'a') + ".example"));
}

TEST(ToALabel, NeverMakesADotOrSlashOutOfALookAlike) {
  // U+2044 fraction slash, U+FF0F full-width slash.
  for (const std::string_view text : {"a\u2044b.example", "a\uff0fb.example"}) {
    const auto target = parse_target(text, name_rules());
    EXPECT_FALSE(target) << target->text();
  }
}

}  // namespace
}  // namespace egress::policy
