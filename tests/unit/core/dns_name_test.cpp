#include "egress/core/dns_name.hpp"

#include <gtest/gtest.h>

#include "egress/core/limits.hpp"

namespace egress {
namespace {

DnsName name(std::string_view text) {
  return DnsName::parse(text).value();
}

// As many octets of labels as asked for, each label as long as it may be.
std::string name_of(std::size_t octets) {
  std::string out;
  while (out.size() + limits::kLabelOctets + 1 < octets) {
    out += std::string(limits::kLabelOctets, 'a') + '.';
  }
  return out + std::string(octets - out.size(), 'b');
}

TEST(DnsName, FoldsCaseAndDropsOneTrailingDot) {
  EXPECT_EQ(name("API.OpenAI.com").text(), "api.openai.com");
  EXPECT_EQ(name("api.openai.com.").text(), "api.openai.com");
  EXPECT_EQ(name("_sip._tcp.example.com").text(), "_sip._tcp.example.com");
  EXPECT_EQ(name("xn--bcher-kva.example").text(), "xn--bcher-kva.example");
  EXPECT_EQ(name("3com.example").text(), "3com.example");
  EXPECT_EQ(name("localhost").text(), "localhost");
}

TEST(DnsName, RefusesWhatIsNoHostName) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "."sv, ".."sv, ".example.com"sv, "a..example.com"sv, "example.com.."sv,
        "-a.example.com"sv, "a-.example.com"sv, "a b.example.com"sv, "a/b.example.com"sv,
        "*.example.com"sv, "a\0b.example.com"sv, "a\n.example.com"sv, "bücher.example"sv,
        "192.0.2.1"sv, "example.123"sv, "a:b.example"sv, "a@b.example"sv}) {
    EXPECT_FALSE(DnsName::parse(text)) << text;
  }
}

TEST(DnsName, TakesLabelsAndNamesUpToTheLimitAndNoLonger) {
  const std::string longest_label(limits::kLabelOctets, 'a');
  EXPECT_TRUE(DnsName::parse(longest_label + ".example"));
  EXPECT_FALSE(DnsName::parse(longest_label + "a.example"));
  EXPECT_TRUE(DnsName::parse(name_of(limits::kNameOctets)));
  EXPECT_TRUE(DnsName::parse(name_of(limits::kNameOctets) + '.'));
  EXPECT_FALSE(DnsName::parse(name_of(limits::kNameOctets + 1)));
}

TEST(DnsName, SaysWhatIsWrongAndEscapesIt) {
  EXPECT_EQ(DnsName::parse("a\x1b[31m.example").error().message,
            "\"a\\x1b[31m.example\" is not a host name: it has the character \"\\x1b\"; accepted: "
            "letters, digits, hyphens and underscores");
  EXPECT_EQ(DnsName::parse("10.0.0.256").error().message,
            "\"10.0.0.256\" is not a host name: it ends in a number and so reads as an address");
}

TEST(DnsName, IsBelowOnLabelBoundariesOnly) {
  EXPECT_TRUE(name("api.openai.com").is_below(name("openai.com")));
  EXPECT_TRUE(name("a.b.example").is_below(name("example")));
  EXPECT_FALSE(name("openai.com").is_below(name("openai.com")));
  EXPECT_FALSE(name("evilopenai.com").is_below(name("openai.com")));
  EXPECT_FALSE(name("com").is_below(name("openai.com")));
}

}  // namespace
}  // namespace egress
