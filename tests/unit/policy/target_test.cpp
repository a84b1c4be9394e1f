#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using namespace std::string_view_literals;

struct Accepted {
  std::string_view text;
  std::string_view canonical;
};

class AcceptedTarget : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptedTarget, HasOneCanonicalForm) {
  const auto target = parse_target(GetParam().text, name_rules());
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->text(), GetParam().canonical);
  const auto again = parse_target(target->text(), name_rules());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->text(), GetParam().canonical);
  EXPECT_EQ(again->what, target->what);
}

INSTANTIATE_TEST_SUITE_P(
    Names, AcceptedTarget,
    testing::Values(Accepted{"api.openai.com", "tcp/api.openai.com:443"},
                    Accepted{"api.openai.com:443", "tcp/api.openai.com:443"},
                    Accepted{"API.OpenAI.com.:443", "tcp/api.openai.com:443"},
                    Accepted{"tcp/api.openai.com:8443", "tcp/api.openai.com:8443"},
                    Accepted{"udp/time.example.com:123", "udp/time.example.com:123"},
                    Accepted{"host.example:443,80", "tcp/host.example:80,443"},
                    Accepted{"host.example:443,443", "tcp/host.example:443"},
                    Accepted{"host.example:8000-8010", "tcp/host.example:8000-8010"},
                    Accepted{"host.example:8005,8000-8010,22", "tcp/host.example:22,8000-8010"},
                    Accepted{"host.example:1,65535", "tcp/host.example:1,65535"},
                    Accepted{"host.example:1-256", "tcp/host.example:1-256"},
                    Accepted{"litellm:4000", "tcp/litellm:4000"},
                    Accepted{"preset", "tcp/preset:443"},
                    Accepted{"bücher.example:443", "tcp/xn--bcher-kva.example:443"},
                    Accepted{"BÜCHER.example", "tcp/xn--bcher-kva.example:443"},
                    Accepted{"faß.example", "tcp/xn--fa-hia.example:443"}));

INSTANTIATE_TEST_SUITE_P(
    Wildcards, AcceptedTarget,
    testing::Values(Accepted{"*.example.com", "tcp/*.example.com:443"},
                    Accepted{".example.com", "tcp/.example.com:443"},
                    Accepted{"udp/*.Example.COM.:80,443", "udp/*.example.com:80,443"},
                    Accepted{".bücher.example:8443", "tcp/.xn--bcher-kva.example:8443"}));

INSTANTIATE_TEST_SUITE_P(
    Addresses, AcceptedTarget,
    testing::Values(Accepted{"192.0.2.1", "tcp/192.0.2.1:443"},
                    Accepted{"udp/192.0.2.1:53", "udp/192.0.2.1:53"},
                    Accepted{"192.0.2.1/32:443", "tcp/192.0.2.1:443"},
                    Accepted{"192.0.2.0/24", "tcp/192.0.2.0/24:443"},
                    Accepted{"tcp/192.0.2.0/24:1-65535", "tcp/192.0.2.0/24:1-65535"},
                    Accepted{"2001:db8::1", "tcp/[2001:db8::1]:443"},
                    Accepted{"[2001:DB8::1]", "tcp/[2001:db8::1]:443"},
                    Accepted{"[2001:db8::1]:8443", "tcp/[2001:db8::1]:8443"},
                    Accepted{"2001:db8::/32", "tcp/[2001:db8::/32]:443"},
                    Accepted{"udp/[2001:db8::/32]:53", "udp/[2001:db8::/32]:53"},
                    Accepted{"10.0.0.0/8:443", "tcp/10.0.0.0/8:443"},
                    Accepted{"2400::/19", "tcp/[2400::/19]:443"}));

INSTANTIATE_TEST_SUITE_P(Portless, AcceptedTarget,
                         testing::Values(Accepted{"esp/vpn.example.com", "esp/vpn.example.com"},
                                         Accepted{"icmp/192.0.2.1", "icmp/192.0.2.1"},
                                         Accepted{"icmp/2001:db8::1", "icmp/[2001:db8::1]"},
                                         Accepted{"icmp/[2001:db8::1]", "icmp/[2001:db8::1]"},
                                         Accepted{"gre/192.0.2.0/24", "gre/192.0.2.0/24"},
                                         Accepted{"ipip/[2001:db8::/32]", "ipip/[2001:db8::/32]"},
                                         Accepted{"esp/*.Example.COM.", "esp/*.example.com"}));

INSTANTIATE_TEST_SUITE_P(Presets, AcceptedTarget,
                         testing::Values(Accepted{"preset:openai", "preset:openai"},
                                         Accepted{"preset:bedrock@eu-west-1",
                                                  "preset:bedrock@eu-west-1"}));

struct Refused {
  std::string_view text;
  std::string_view message;
};

class RefusedTarget : public testing::TestWithParam<Refused> {};

TEST_P(RefusedTarget, SaysWhatIsAccepted) {
  const auto target = parse_target(GetParam().text, name_rules());
  ASSERT_FALSE(target) << target->text();
  EXPECT_EQ(target.error().message, GetParam().message);
}

constexpr std::string_view kGrammarRefusal =
    "the host is missing; accepted: [tcp/|udp/]host[:port[,port|lo-hi]], an address, a CIDR or "
    "preset:name[@parameter]";

INSTANTIATE_TEST_SUITE_P(
    Grammar, RefusedTarget,
    testing::Values(
        Refused{"", kGrammarRefusal}, Refused{":443", kGrammarRefusal},
        Refused{"tcp/", kGrammarRefusal},
        Refused{"https://api.openai.com/v1",
                "\"https://api.openai.com/v1\" is a URL; accepted: its host and port, "
                "\"api.openai.com:443\""},
        Refused{"http://me:secret@pypi.org/simple?a=b",
                "\"http://me:secret@pypi.org/simple?a=b\" is a URL; accepted: its host and port, "
                "\"pypi.org:80\""},
        Refused{"https://[2001:db8::1]:8443/",
                "\"https://[2001:db8::1]:8443/\" is a URL; accepted: its host and port, "
                "\"[2001:db8::1]:8443\""},
        Refused{"ftp://pypi.org", "\"ftp://pypi.org\" is a URL; accepted: its host and port"},
        Refused{"https://", "\"https://\" is a URL; accepted: its host and port"},
        Refused{"sctp/host.example",
                "\"sctp\" is not a transport; accepted: tcp/ or udp/, and without a port icmp/, "
                "esp/, gre/ or ipip/"},
        Refused{"TCP/host.example",
                "\"TCP\" is not a transport; accepted: tcp/ or udp/, and without a port icmp/, "
                "esp/, gre/ or ipip/"},
        Refused{"icmp/host.example:443", "icmp has no ports; accepted: \"icmp/host.example\""},
        Refused{"esp/[2001:db8::1]:500", "esp has no ports; accepted: \"esp/[2001:db8::1]\""},
        Refused{"host.example/esp",
                "\"host.example/esp\" is neither a CIDR nor a host; did you mean "
                "\"esp/host.example\"?"},
        Refused{"host.example:443/udp",
                "\"host.example:443/udp\" is neither a CIDR nor a host; did you mean "
                "\"udp/host.example:443\"?"},
        Refused{
            "host.example/path",
            "\"host.example/path\" is neither a CIDR nor a host; accepted: "
            "[tcp/|udp/]host[:port[,port|lo-hi]], an address, a CIDR or preset:name[@parameter]"},
        Refused{
            "a\0b.example"sv,
            "\"a\\x00b.example\" holds a control character; accepted: "
            "[tcp/|udp/]host[:port[,port|lo-hi]], an address, a CIDR or preset:name[@parameter]"},
        Refused{"preset:", "\"\" is not a preset; accepted: preset:name or preset:name@parameter"},
        Refused{"preset:a@",
                "\"a@\" is not a preset; accepted: preset:name or preset:name@parameter"},
        Refused{"tcp/preset:openai",
                "a preset has its own transports; accepted: preset:name without tcp/"}));

INSTANTIATE_TEST_SUITE_P(
    Ports, RefusedTarget,
    testing::Values(
        Refused{"a.example:0",
                "\"0\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:65536",
                "\"65536\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:",
                "\"\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:443,",
                "\"\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:*",
                "\"*\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:0443",
                "\"0443\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:+443",
                "\"+443\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example: 443",
                "\" 443\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:80-",
                "\"80-\" is not a port; accepted: 1 to 65535, or a range such as 8000-8010"},
        Refused{"a.example:90-80",
                "\"90-80\" is a range that ends before it begins; accepted: lo-hi"},
        Refused{"a.example:1-257",
                "\"1-257\" is 257 ports of one host name; accepted: up to 256 (an address or CIDR "
                "takes "
                "any range)"}));

INSTANTIATE_TEST_SUITE_P(
    Hosts, RefusedTarget,
    testing::Values(
        Refused{"*", "\"*\" would allow every host; accepted: a host name, an address or a CIDR"},
        Refused{"*.*.example.com",
                "\"*.example.com\" is not a host name: it has the character \"*\"; "
                "accepted: letters, digits, hyphens and underscores"},
        Refused{".co.uk",
                "\".co.uk\" is a public suffix, under which strangers register names; accepted: "
                "a name below it"},
        Refused{"*.com",
                "\"*.com\" is a public suffix, under which strangers register names; accepted: "
                "a name below it"},
        Refused{"co.uk",
                "\"co.uk\" is a public suffix, under which strangers register names; accepted: "
                "a name below it"},
        Refused{"*.ck",
                "\"*.ck\" is a public suffix, under which strangers register "
                "names; accepted: a name below it"},
        Refused{".nordland.no",
                "\".nordland.no\" is a public suffix, under which strangers register "
                "names; accepted: a name below it"},
        Refused{"a.*.example",
                "\"a.*.example\" is not a host name: it has the character \"*\"; "
                "accepted: letters, digits, hyphens and underscores"},
        Refused{"1.2.3", "\"1.2.3\" is not an IPv4 or IPv6 address"},
        Refused{"2130706433", "\"2130706433\" is not an IPv4 or IPv6 address"},
        Refused{"0x7f.1",
                "\"0x7f.1\" is not a host name: it ends in a number and so reads as an address"},
        Refused{"fe80::1%eth0", "\"fe80::1%eth0\" is not an IPv4 or IPv6 address"},
        Refused{"a.example:80:90", "\"a.example:80:90\" is not an IPv4 or IPv6 address"},
        Refused{"[192.0.2.1]:443",
                "\"[192.0.2.1]:443\" is not an IPv6 address in brackets; accepted: "
                "[2001:db8::1]:443"},
        Refused{"[2001:db8::1",
                "\"[2001:db8::1\" is not an IPv6 address in brackets; accepted: "
                "[2001:db8::1]:443"},
        Refused{"[2001:db8::1]443",
                "\"[2001:db8::1]443\" is not an IPv6 address in brackets; accepted: "
                "[2001:db8::1]:443"}));

INSTANTIATE_TEST_SUITE_P(
    Widths, RefusedTarget,
    testing::Values(
        Refused{"0.0.0.0/0",
                "\"0.0.0.0/0\" is too wide to be an allow-list; accepted: /8 or longer"},
        Refused{"128.0.0.0/1",
                "\"128.0.0.0/1\" is too wide to be an allow-list; accepted: /8 or longer"},
        Refused{"12.0.0.0/7",
                "\"12.0.0.0/7\" is too wide to be an allow-list; accepted: /8 or longer"},
        Refused{"::/0", "\"::/0\" is too wide to be an allow-list; accepted: /19 or longer"},
        Refused{"2400::/18",
                "\"2400::/18\" is too wide to be an allow-list; accepted: /19 or longer"},
        Refused{"192.0.2.1/24", "\"192.0.2.1/24\" has host bits set; did you mean 192.0.2.0/24?"}));

TEST(Target, IsBoundedInLength) {
  std::string text = "host.example:443";
  while (text.size() + 4 <= limits::kTargetBytes) text += ",443";
  ASSERT_EQ(text.size(), limits::kTargetBytes);
  EXPECT_TRUE(parse_target(text, name_rules()));
  EXPECT_FALSE(parse_target(text + "0", name_rules()));
}

TEST(Target, KeepsEveryPortRangeApart) {
  const auto target = parse_target("192.0.2.1:90,80-85,84-88", name_rules()).value();
  EXPECT_EQ(target.ports, (std::vector<PortRange>{{80, 88}, {90, 90}}));
}

}  // namespace
}  // namespace egress::policy
