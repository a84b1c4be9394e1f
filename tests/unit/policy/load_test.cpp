#include <gtest/gtest.h>

#include "egress/core/time_text.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

TEST(Load, TakesTheIssuesExample) {
  const auto loaded = load_text(R"(version: 1
mode: enforce
resolvers: [10.0.0.2]
dns: poll
services: { ntp: [pool.ntp.org], dhcp: true }
limits: { min_ttl: 5s, max_ttl: 1h, grace: 15m }
forward: [docker0, "br-*", cni0]
allow:
  - api.openai.com:443
  - preset: anthropic
  - { preset: bedrock, region: eu-west-1, optional: true }
  - { host: internal-repo.corp, port: 8443, private: true, reason: "package mirror" }
  - { cidr: 160.79.104.0/23, port: 443 }
  - udp/time.example.com:123
)");
  EXPECT_EQ(targets_of(loaded), R"(tcp/160.79.104.0/23:443
tcp/api.anthropic.com:443
tcp/api.openai.com:443
tcp/bedrock-runtime-fips.eu-west-1.amazonaws.com:443
tcp/bedrock-runtime.eu-west-1.amazonaws.com:443
tcp/bedrock.eu-west-1.amazonaws.com:443
tcp/internal-repo.corp:8443
udp/pool.ntp.org:123
udp/time.example.com:123
)");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->forward, (std::vector<std::string>{"docker0", "br-*", "cni0"}));
  EXPECT_EQ(loaded->resolvers->front().text(), "10.0.0.2");
  EXPECT_TRUE(loaded->entries[5].is_optional);
  EXPECT_EQ(loaded->entries[5].origin.text(), "preset bedrock@eu-west-1 (test.yaml:11:5)");
  EXPECT_TRUE(loaded->entries[6].allows_private);
  EXPECT_EQ(loaded->entries[6].reason, "package mirror");
  EXPECT_EQ(loaded->entries[7].origin.text(), "services.ntp");
}

TEST(Load, StartsFromAClosedFrame) {
  const auto loaded = load_text("version: 1\n");
  ASSERT_TRUE(loaded) << problems_of(loaded);
  Policy expected;
  expected.released.emplace();
  EXPECT_EQ(*loaded, expected);
  EXPECT_EQ(loaded->mode, Mode::enforce);
  EXPECT_FALSE(loaded->resolvers);
  EXPECT_TRUE(loaded->entries.empty());
}

TEST(Load, ReadsTheShippedPolicyAsAllowingNothing) {
  const auto loaded = load_text(read_file(SOURCE_DIR "/src/egressd/egressd.yaml"));
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_TRUE(loaded->entries.empty());
  EXPECT_EQ(loaded->mode, Mode::enforce);
  EXPECT_TRUE(loaded->allows_dhcp);
  EXPECT_EQ(loaded->limits, Limits{});
  EXPECT_EQ(*loaded, *load_text("version: 1\n")) << "what it says is what holds without it";
}

TEST(Load, HoldsAllThatIsForwardedUnlessTheFileSaysOtherwise) {
  const std::vector<std::string> none;
  EXPECT_EQ(load_text("version: 1\n")->released, none);
  EXPECT_EQ(load_text("version: 1\nforward: { except: [] }\n")->released, none);
  EXPECT_EQ(load_text("version: 1\nforward: { except: [wg0, 'vlan*', wg0] }\n")->released,
            (std::vector<std::string>{"wg0", "vlan*"}));
  EXPECT_EQ(load_text("version: 1\nforward: [docker0]\n")->released, std::nullopt);
  EXPECT_EQ(load_text("version: 1\nforward: []\n")->released, std::nullopt);
  EXPECT_EQ(load_text("version: 1\nforward: []\n")->forward, std::vector<std::string>());
  EXPECT_EQ(load_text("version: 1\nforward: [lxcbr0]\n")->forward,
            std::vector<std::string>{"lxcbr0"});
  const auto with_more = load(Files{{node("version: 1\nforward: []\n", "main.yaml"),
                                     node("version: 1\nallow: [a.example]\n", "10.yaml")},
                                    {}});
  EXPECT_EQ(with_more->forward, std::vector<std::string>()) << "the main file alone says";
}

TEST(Load, AddsFurtherFilesToTheMainOne) {
  const auto loaded =
      load(Files{{node("version: 1\nmode: audit\nallow: [a.example]\n", "main.yaml"),
                  node("version: 1\nallow: [b.example]\n", "10.yaml"),
                  node("version: 1\nservices: { ntp: [c.example] }\n", "20.yaml")},
                 {}});
  EXPECT_EQ(targets_of(loaded), "tcp/a.example:443\ntcp/b.example:443\nudp/c.example:123\n");
}

TEST(Load, TakesSettingsFromTheMainFileOnly) {
  const auto loaded =
      load(Files{{node("version: 1\n", "main.yaml"),
                  node("version: 1\nmode: audit\nservices: { dhcp: false }\n", "10.yaml")},
                 {}});
  EXPECT_EQ(problems_of(loaded),
            "10.yaml:2:1: unknown key \"mode\"; accepted: version, services, allow\n"
            "10.yaml:3:13: unknown key \"dhcp\"; accepted: ntp\n");
}

TEST(Load, RefusesTheWholeForOneBadFile) {
  const auto loaded = load(Files{{node("version: 1\nallow: [a.example]\n", "main.yaml"),
                                  node("version: 1\nallow: ['*']\n", "10.yaml")},
                                 {}});
  EXPECT_EQ(
      problems_of(loaded),
      "10.yaml:2:9: \"*\" would allow every host; accepted: a host name, an address or a CIDR\n");
}

TEST(Load, RefusesToStartFromNothing) {
  EXPECT_EQ(problems_of(load(Files{})), "policy: there is no policy file\n");
}

TEST(Load, LeavesOutWhatHasEnded) {
  const auto at = [](std::string_view until) {
    return targets_of(
        load_text("version: 1\nallow: [{ host: a.example, until: " + std::string(until) + " }]\n"));
  };
  EXPECT_EQ(at("2026-11-21T00:00:01Z"), "tcp/a.example:443\n");
  EXPECT_EQ(at("2026-11-21T00:00:00Z"), "");
}

TEST(Load, OpensDangerousAddressesOnlyWithTheirFlag) {
  for (const std::string_view address : {"169.254.169.254", "127.0.0.1", "::1", "169.254.0.0/16",
                                         "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
                                         "2002:a9fe:a9fe::1", "100.64.0.0/10", "168.63.129.16"}) {
    const std::string item = "version: 1\nallow: [{ cidr: \"" + std::string(address) + "\"";
    EXPECT_NE(problems_of(load_text(item + " }]\n")).find("accepted: only with metadata: true"),
              std::string::npos)
        << address;
    EXPECT_EQ(problems_of(load_text(item + ", metadata: true }]\n")), "") << address;
  }
  for (const std::string_view address :
       {"224.0.0.1", "255.255.255.255", "ff02::1", "::", "0.1.2.3"}) {
    const std::string item = "version: 1\nallow: [{ cidr: \"" + std::string(address) + "\"";
    EXPECT_NE(problems_of(load_text(item + ", metadata: true }]\n")), "") << address;
  }
  EXPECT_EQ(problems_of(load_text("version: 1\nallow: [10.1.2.3:8000, 10.0.0.0/8]\n")), "");
}

TEST(Load, ShowsAHundredProblemsAtMost) {
  std::string text = "version: 1\nallow:\n";
  for (int i = 0; i < 250; ++i) text += "  - '*'\n";
  const auto loaded = load_text(text);
  ASSERT_FALSE(loaded);
  ASSERT_EQ(loaded.error().size(), 101U);
  EXPECT_EQ(loaded.error().back().message, "150 more problems");
}

// What is allowed to write, and seldom wanted.
TEST(Load, DoubtsRefusalsThatMuslWaitsFor) {
  const auto doubts = [](const std::string& dns) {
    Notes notes;
    const Node document = node("version: 1\ndns: " + dns + '\n');
    EXPECT_TRUE(
        load_files(Sources{{document}, {}, &shipped_catalogue(), &name_rules(), kNow}, &notes));
    std::string out;
    for (const Problem& doubt : notes.doubts) out += doubt.text() + '\n';
    return out;
  };
  EXPECT_EQ(doubts("guard"), "");
  EXPECT_EQ(doubts("{ refuse_with: nxdomain }"), "");
  const std::string doubt = doubts("{ refuse_with: refused }");
  EXPECT_EQ(doubt.find("test.yaml:2:6: refuse_with: refused: programs with musl"), 0U) << doubt;
  EXPECT_NE(doubt.find("nxdomain"), doubt.npos);
}

}  // namespace
}  // namespace egress::policy
