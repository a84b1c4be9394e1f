// Too many tracked flows: whose they are, which go, and when it is looked for them.
#include "egress/engine/crowd.hpp"

#include <gmock/gmock.h>

#include "egress/core/limits.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_kernel.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// ---- which go -----------------------------------------------------------------------------------

std::vector<seconds> flows(std::size_t count, seconds first) {
  std::vector<seconds> left;
  for (std::size_t i = 0; i < count; ++i) left.push_back(first + seconds(i));
  return left;
}

// How many of a side go.
std::size_t gone(const Crowd& crowd, const std::map<std::string, seconds>& cut,
                 const std::string& side) {
  const auto at = cut.find(side);
  if (at == cut.end()) return 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(crowd.at(side), [&](seconds left) { return left <= at->second; }));
}

TEST(Cutoffs, OnlyTheLargestSideLosesAny) {
  const Crowd crowd{{"docker0", flows(1000, 10s)}, {"br-1", flows(100, 1s)}, {"", flows(50, 1s)}};
  const auto cut = cutoffs(crowd, {600, 0});
  EXPECT_EQ(gone(crowd, cut, "docker0"), 600U);
  EXPECT_THAT(cut, ElementsAre(Pair("docker0", 609s))) << "those that would end first";
}

TEST(Cutoffs, TwoLargeOnesComeDownToTheSame) {
  const Crowd crowd{{"a", flows(1000, 1s)}, {"b", flows(800, 1s)}, {"c", flows(10, 1s)}};
  const auto cut = cutoffs(crowd, {1000, 0});
  EXPECT_EQ(gone(crowd, cut, "a"), 600U);
  EXPECT_EQ(gone(crowd, cut, "b"), 400U);
  EXPECT_EQ(gone(crowd, cut, "c"), 0U);
}

TEST(Cutoffs, AllGoWhereTheyAreTooFew) {
  const Crowd crowd{{"a", flows(10, 1s)}, {"b", flows(1, 1s)}};
  const auto cut = cutoffs(crowd, {100, 0});
  EXPECT_EQ(gone(crowd, cut, "a") + gone(crowd, cut, "b"), 11U);
  EXPECT_THAT(cutoffs({}, {100, 0}), IsEmpty());
  EXPECT_THAT(cutoffs(crowd, {0, 0}), IsEmpty());
}

// Strangers fill the table: what stays on this host is not to blame.
TEST(Cutoffs, NoneGoWhereOthersFillTheTable) {
  const Crowd crowd{{"docker0", flows(100, 1s)}, {"", flows(50, 1s)}};
  EXPECT_THAT(cutoffs(crowd, {100'000, 60'000}), IsEmpty());
  EXPECT_THAT(cutoffs(crowd, {100'000, 150}), IsEmpty());
  const auto cut = cutoffs(crowd, {100'000, 149});
  EXPECT_EQ(gone(crowd, cut, "docker0"), 1U);
  EXPECT_EQ(gone(crowd, cut, ""), 0U);
}

// ---- whose --------------------------------------------------------------------------------------

class CrowdTest : public testing::Test {
 protected:
  CrowdTest() {
    engine_.handle(OwnAddressesChanged{{ip("10.0.0.2"), ip("172.20.0.1")}}, now());
    engine_.handle(
        LinksChanged{{{.name = "br-lan", .index = 5, .kind = "bridge", .has_default_route = true}}},
        now());
    engine_.handle(NetworksFound{{{*Prefix::parse("10.0.0.0/24"), "eth0"},
                                  {*Prefix::parse("10.1.0.0/24"), "br-lan"},
                                  {*Prefix::parse("172.20.0.0/16"), "br-agents"},
                                  {*Prefix::parse("172.17.0.0/16"), "docker0"}}},
                   now());
  }
  Instant now() const { return clock_.now(); }
  void set_policy(policy::Mode mode = policy::Mode::enforce) {
    auto policy = std::make_shared<policy::Policy>();
    policy->mode = mode;
    policy->forward = {"br-*", "docker0"};
    policy->entries = policy::Entries({{.destination = Prefix(ip("172.17.0.9")),
                                        .ports = {80, 80},
                                        .until = {},
                                        .reason = {},
                                        .risk = {},
                                        .origin = {}}});
    engine_.handle(PolicyChanged{policy, {}}, now());
  }
  // What is to be forgotten; empty: nothing.
  std::optional<std::size_t> count(std::size_t tracked, std::size_t most = 1000) {
    engine_.handle(FlowsCounted{{tracked, most}}, now());
    std::optional<std::size_t> excess;
    for (const Action& action : engine_.act(now())) {
      if (const auto* forget = std::get_if<ForgetCrowd>(&action)) excess = forget->excess;
      if (const auto* commit = std::get_if<Commit>(&action))
        engine_.handle(CommitDone{kernel_.commit(commit->transaction)}, now());
    }
    return excess;
  }
  std::optional<std::string> side(std::string_view from, const Endpoint& to) {
    return engine_.side_of({ip(from), to}, now());
  }

  test::FakeClock clock_;
  test::FakeKernel kernel_{clock_};
  Engine engine_{nft::Capabilities{}};
};

TEST_F(CrowdTest, WhoseAFlowIsThatStaysHere) {
  set_policy();
  count(0);
  EXPECT_EQ(side("172.20.0.5", tcp("172.20.0.6", 80)), "br-agents");
  EXPECT_EQ(side("172.20.0.5", tcp("172.17.0.6", 80)), "br-agents");
  EXPECT_EQ(side("172.17.0.6", tcp("10.0.0.2", 553)), "docker0") << "to this host";
  EXPECT_EQ(side("127.0.0.1", tcp("127.0.0.2", 80)), "");
  EXPECT_EQ(side("10.0.0.2", tcp("172.20.0.1", 80)), "");
}

TEST_F(CrowdTest, NothingElseIsAnybodys) {
  set_policy();
  count(0);
  EXPECT_EQ(side("198.51.100.7", tcp("10.0.0.2", 22)), std::nullopt) << "a stranger's session";
  EXPECT_EQ(side("198.51.100.7", tcp("172.17.0.6", 80)), std::nullopt) << "into a container";
  EXPECT_EQ(side("10.1.0.7", tcp("10.0.0.2", 22)), std::nullopt) << "by a bridge that leads on";
  EXPECT_EQ(side("172.17.0.6", tcp("10.1.0.7", 22)), std::nullopt) << "out by it";
  EXPECT_EQ(side("172.17.0.6", tcp("198.51.100.7", 443)), std::nullopt);
  EXPECT_EQ(side("10.0.0.2", tcp("172.17.0.9", 80)), std::nullopt) << "listed";
  EXPECT_EQ(side("10.0.0.2", tcp("172.17.0.9", 81)), "");
}

// ---- when ---------------------------------------------------------------------------------------

TEST_F(CrowdTest, FromThreeQuartersOnDownToAHalf) {
  set_policy();
  EXPECT_EQ(count(750), std::nullopt);
  EXPECT_EQ(count(751), 251U);
  EXPECT_EQ(count(900), std::nullopt) << "one at a time";
  engine_.handle(CrowdForgotten{300}, now());
  EXPECT_EQ(count(900), 400U);
  engine_.handle(CrowdForgotten{3}, now());
  EXPECT_EQ(count(900), std::nullopt) << "there is little to forget";
  clock_.advance(limits::kFlowsRest);
  EXPECT_EQ(count(900), 400U);
}

TEST_F(CrowdTest, NotWhereNothingIsRefused) {
  set_policy(policy::Mode::audit);
  EXPECT_EQ(count(1000), std::nullopt);
  for (const nft::Chain& chain : nft::layout(engine_.installed()->base).chains)
    EXPECT_FALSE(chain.name.starts_with("crowd")) << chain.name;
}

TEST_F(CrowdTest, TheRulesFollowWhatTheKernelTracksAtMost) {
  set_policy();
  count(0);
  EXPECT_EQ(engine_.installed()->base.most_flows, 1000U);
  count(0, 2000);
  EXPECT_EQ(engine_.installed()->base.most_flows, 2000U);
  const auto commits = kernel_.commits();
  count(5, 2000);
  EXPECT_EQ(kernel_.commits(), commits);
}

TEST_F(CrowdTest, ThinningOutForgetsNoMoreThanItsOwn) {
  set_policy();
  count(0);
  std::vector<nft::Session> sessions;
  for (Port port = 1; port <= 100; ++port)
    sessions.push_back({tcp("172.20.0.5", port), tcp("172.20.0.6", port)});
  for (Port port = 1; port <= 10; ++port) {
    sessions.push_back({tcp("198.51.100.7", port), tcp("10.0.0.2", 22)});
    sessions.push_back({tcp("172.17.0.5", port), tcp("172.17.0.9", 80)});
  }
  ASSERT_TRUE(kernel_.adopt_flows(sessions));
  EXPECT_EQ(thin_out(kernel_, engine_, {50, 0}, now()).value(), 100U) << "all end at once";
  EXPECT_EQ(kernel_.tracked().size(), 20U);
}

}  // namespace
}  // namespace egress::engine
