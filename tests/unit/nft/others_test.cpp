#include "egress/nft/others.hpp"

#include <gmock/gmock.h>

namespace egress::nft {
namespace {

using ::testing::HasSubstr;

OtherTable table(std::string family, BaseChain chain, std::set<Act> acts) {
  return {.family = std::move(family),
          .name = "x",
          .chains = {std::move(chain)},
          .acts = std::move(acts)};
}
BaseChain chain(std::string hook, std::int32_t priority, std::string type = "filter") {
  return {.name = "c",
          .type = std::move(type),
          .hook = std::move(hook),
          .device = {},
          .priority = priority};
}

TEST(Reach, VerdictsAloneReachNothing) {
  for (const char* hook : {"prerouting", "input", "forward", "output", "postrouting"})
    EXPECT_FALSE(reach(table("inet", chain(hook, 300), {})).can_pass_us) << hook;
  auto drops = table("ip", chain("forward", 0), {});
  drops.chains.front().drops = true;
  EXPECT_FALSE(reach(drops).can_pass_us);
  EXPECT_THAT(reach(drops).why, HasSubstr("may refuse what is allowed"));
}

TEST(Reach, RewritingAndQueueingCountBehindUsAlone) {
  for (const Act act : {Act::rewrites, Act::queues}) {
    for (const char* family : {"inet", "ip", "ip6"}) {
      EXPECT_TRUE(reach(table(family, chain("postrouting", -300), {act})).can_pass_us);
      EXPECT_TRUE(reach(table(family, chain("output", 0), {act})).can_pass_us) << "made after ours";
      EXPECT_TRUE(reach(table(family, chain("forward", 1), {act})).can_pass_us);
      EXPECT_FALSE(reach(table(family, chain("output", -1), {act})).can_pass_us)
          << "judged after it";
      EXPECT_FALSE(reach(table(family, chain("input", 10), {act})).can_pass_us);
    }
    EXPECT_TRUE(reach(table("netdev", chain("egress", 0), {act})).can_pass_us);
    EXPECT_FALSE(reach(table("netdev", chain("ingress", 0), {act})).can_pass_us);
  }
}

// What Docker's nat table does: the kernel translates destinations before our hook.
TEST(Reach, TranslationIsJudgedByItsNewEnd) {
  const auto docker = table("ip", chain("output", -100, "nat"), {Act::translates});
  EXPECT_FALSE(reach(docker).can_pass_us);
  EXPECT_THAT(reach(docker).why, HasSubstr("judged by its new end"));
  EXPECT_EQ(title(docker), "ip x");
  EXPECT_EQ(hooks_text(docker), "nat output -100");
}

TEST(Reach, DevicesAndOffloadsPassByUs) {
  EXPECT_TRUE(reach(table("netdev", chain("ingress", 0), {Act::forwards})).can_pass_us);
  EXPECT_TRUE(reach(table("netdev", chain("ingress", 0), {Act::duplicates})).can_pass_us);
  EXPECT_FALSE(reach(table("ip", chain("prerouting", 0), {Act::duplicates})).can_pass_us)
      << "the copy is routed out anew, by our hook";
  EXPECT_TRUE(reach(table("inet", chain("forward", 0), {Act::offloads})).can_pass_us);
}

TEST(Reach, ATableWithoutHooksSeesNoPacket) {
  const OtherTable idle{.family = "inet", .name = "x", .chains = {}, .acts = {Act::rewrites}};
  EXPECT_FALSE(reach(idle).can_pass_us);
  EXPECT_EQ(hooks_text(idle), "no hook");
}

}  // namespace
}  // namespace egress::nft
