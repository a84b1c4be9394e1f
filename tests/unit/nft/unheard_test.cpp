#include "egress/nft/unheard.hpp"

#include <gmock/gmock.h>

#include "egress/core/limits.hpp"

namespace egress::nft {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(UnheardLinks, AreThoseWhoseLastQuestionDidNotArrive) {
  EXPECT_THAT(unheard_links({}, {}), IsEmpty());
  EXPECT_THAT(unheard_links({}, {{"docker0", 1ms}}), IsEmpty());
  EXPECT_THAT(unheard_links({{"docker0", 60s}}, {{"docker0", 60s}}), IsEmpty());
  EXPECT_THAT(unheard_links({{"docker0", 60s}}, {}), ElementsAre("docker0"));
  EXPECT_THAT(unheard_links({{"br-1", 9s}, {"docker0", 60s}}, {{"br-1", 9s}}),
              ElementsAre("docker0"))
      << "each link for itself";
}

TEST(UnheardLinks, OneThatIsHeardAgainIsNoLonger) {
  const milliseconds heard = 60s;
  const milliseconds limit = limits::kUnheardAfter;
  EXPECT_THAT(unheard_links({{"docker0", heard + limit}}, {{"docker0", heard}}), IsEmpty());
  EXPECT_THAT(unheard_links({{"docker0", heard + limit + 1ms}}, {{"docker0", heard}}),
              ElementsAre("docker0"));
  EXPECT_THAT(unheard_links({{"docker0", heard}}, {{"docker0", heard + limit}}), IsEmpty());
}

OtherTable table(std::string family, std::string name, std::string chain, bool drops) {
  return {.family = std::move(family),
          .name = std::move(name),
          .chains = {{.name = std::move(chain),
                      .type = "filter",
                      .hook = "input",
                      .device = {},
                      .priority = 0,
                      .drops = drops}},
          .acts = {}};
}
Obstacle obstacle(const OtherTable& table) {
  return obstacles({table}, "docker0", 553).front();
}

TEST(Obstacles, NameTheCommandOfEachFirewall) {
  OtherTable ufw = table("ip", "filter", "INPUT", true);
  ufw.is_ufw = true;
  OtherTable ufw6 = ufw;
  ufw6.family = "ip6";
  EXPECT_THAT(obstacles({ufw, ufw6}, "docker0", 553),
              ElementsAre(Obstacle{"ufw", "ufw allow in on docker0 to any port 553"}));
  OtherTable firewalld = table("inet", "firewalld", "filter_INPUT", false);
  firewalld.refuses = true;
  EXPECT_THAT(obstacle(firewalld).by, HasSubstr("no table of nftables")) << "it lets in redirects";
  EXPECT_EQ(obstacle(table("ip", "filter", "INPUT", true)),
            (Obstacle{"table ip filter",
                      "iptables -I INPUT -i docker0 -p udp --dport 553 -j ACCEPT && "
                      "iptables -I INPUT -i docker0 -p tcp --dport 553 -j ACCEPT"}));
  EXPECT_THAT(obstacle(table("ip6", "mangle", "INPUT", true)).command,
              HasSubstr("ip6tables -t mangle -I INPUT -i docker0 -p udp"));
  EXPECT_EQ(obstacle(table("inet", "host", "in", true)),
            (Obstacle{"table inet host",
                      "nft 'insert rule inet host in iifname \"docker0\" meta l4proto { tcp, udp "
                      "} th dport 553 accept'"}));
}

// What root pastes holds no name that says more than a name.
TEST(Obstacles, OfOddNamesComeWithoutACommand) {
  for (const char* link : {"br-a;reboot", "br-$(reboot)", "br-`x`", "br-a\"", "br-a'", "br-a|b",
                           "-j", "br-a\\", "br-\xc3\xa4", "br-{a}", "br-*"}) {
    EXPECT_EQ(obstacles({table("inet", "host", "in", true)}, link, 553).front().command, "")
        << link;
    EXPECT_EQ(obstacles({}, link, 553).front().command, "") << link;
  }
  EXPECT_EQ(obstacle(table("inet", "a'; reboot; '", "in", true)).command, "");
  EXPECT_EQ(obstacle(table("inet", "host", "in\"", true)).command, "");
}

TEST(Obstacles, AreOfTablesThatSeePackets) {
  for (const char* family : {"bridge", "arp"})
    EXPECT_THAT(obstacle(table(family, "filter", "INPUT", true)).by, HasSubstr("no table"))
        << family;
}

TEST(Obstacles, AreOnlyChainsThatDropOnTheWay) {
  const OtherTable open = table("ip", "filter", "INPUT", false);
  OtherTable output = table("inet", "host", "out", true);
  output.chains.front().hook = "output";
  OtherTable early = table("inet", "host", "raw", true);
  early.chains.front().hook = "prerouting";
  early.chains.front().priority = -300;
  const auto found = obstacles({open, output, early}, "docker0", 553);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found.front().by, HasSubstr("no table of nftables"));
  EXPECT_THAT(found.front().command, HasSubstr("iptables-legacy -I INPUT -i docker0 -p udp"));
  early.chains.front().priority = 0;
  EXPECT_EQ(obstacle(early).by, "table inet host");
}

}  // namespace
}  // namespace egress::nft
