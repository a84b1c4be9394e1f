#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using namespace std::string_view_literals;

Suffix suffix(std::string_view name) {
  return name_rules().suffix(DnsName::parse(name).value());
}
Suffix below(std::string_view name) {
  return name_rules().suffix_below(DnsName::parse(name).value());
}

TEST(PublicSuffix, TellsTheRegistriesFromThoseOfAnOwner) {
  for (const auto name : {"com", "co.uk", "anything.ck", "xn--p1ai"})
    EXPECT_EQ(suffix(name), Suffix::icann) << name;
  for (const auto name : {"github.io", "httpbin.org", "vercel.app", "s3.amazonaws.com",
                          "githubusercontent.com", "eu-west-1.compute.amazonaws.com"})
    EXPECT_EQ(suffix(name), Suffix::of_owner) << name;
}

TEST(PublicSuffix, LeavesHostsAndInternalNamesAlone) {
  for (const auto name : {"api.openai.com", "someone.github.io", "www.ck", "litellm",
                          "internal-repo.corp", "amazonaws.com"})
    EXPECT_EQ(suffix(name), Suffix::none) << name;
}

TEST(PublicSuffix, IsSeenBelowANameThatIsNone) {
  EXPECT_EQ(below("amazonaws.com"), Suffix::of_owner);
  EXPECT_EQ(below("eu-central-1.amazonaws.com"), Suffix::of_owner);
  EXPECT_EQ(below("compute.amazonaws.com"), Suffix::of_owner) << "*.compute.amazonaws.com is one";
  EXPECT_EQ(below("xn--mre-og-romsdal-qqb.no"), Suffix::icann) << "written in letters of its own";
  EXPECT_EQ(below("uk"), Suffix::icann);
  for (const auto name : {"openai.com", "github.io", "bedrock-runtime.eu-west-1.amazonaws.com",
                          "www.ck", "corp", "s3.amazonaws.com", "onaws.com"})
    EXPECT_EQ(below(name), Suffix::none) << name;
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
