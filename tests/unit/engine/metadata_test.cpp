// Root reaches the cloud's metadata service for a while after a boot.
#include <gtest/gtest.h>

#include <algorithm>

#include "egress/engine/engine.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using namespace std::chrono_literals;

const nft::ElementKey kMetadata =
    nft::ElementKey::endpoint(nft::SetId::boot, tcp("169.254.169.254", 80));

class MetadataAtBoot : public testing::Test {
 protected:
  MetadataAtBoot() { policy_->metadata_at_boot = true; }

  // What ended, and whether flows to the service were cut.
  struct Seen {
    bool has_ended = false, is_cut = false;
  };
  Seen act(Instant now) {
    Seen seen;
    engine_.handle(PolicyChanged{policy_, WallTime{}}, now);
    for (auto actions = engine_.act(now); !actions.empty(); actions = engine_.act(now))
      for (const Action& action : actions) {
        if (std::holds_alternative<Commit>(action)) engine_.handle(CommitDone{{}}, now);
        if (std::holds_alternative<GrantEnded>(action)) seen.has_ended = true;
        if (const auto* cut = std::get_if<CutFlows>(&action))
          seen.is_cut = std::ranges::count(cut->revoked, kMetadata) > 0;
      }
    return seen;
  }
  bool is_open() const { return engine_.installed()->elements.contains(kMetadata); }

  std::shared_ptr<policy::Policy> policy_ = std::make_shared<policy::Policy>();
  Engine engine_{nft::Capabilities{}};
};

TEST_F(MetadataAtBoot, IsOpenForFiveMinutesAndToRootAlone) {
  EXPECT_FALSE(act(Instant{1min}).has_ended);
  ASSERT_TRUE(is_open());
  EXPECT_EQ(engine_.installed()->elements.at(kMetadata), Instant{5min});
  EXPECT_FALSE(engine_.installed()->permits(tcp("169.254.169.254", 80), Instant{1min})) << "others";
  EXPECT_LE(engine_.next_deadline(), Instant{5min});
  const Seen end = act(Instant{5min});
  EXPECT_TRUE(end.has_ended);
  EXPECT_TRUE(end.is_cut);
  EXPECT_FALSE(is_open());
  EXPECT_FALSE(act(Instant{1h}).has_ended) << "once";
  EXPECT_FALSE(is_open());
}

TEST_F(MetadataAtBoot, IsClosedToAllWhereThePolicyDoesNotSaySo) {
  policy_->metadata_at_boot = false;
  act(Instant{1min});
  EXPECT_FALSE(is_open());
}

TEST_F(MetadataAtBoot, IsCutWhenThePolicyTakesItBack) {
  act(Instant{1min});
  policy_ = std::make_shared<policy::Policy>();
  EXPECT_TRUE(act(Instant{2min}).is_cut);
  EXPECT_FALSE(is_open());
}

}  // namespace
}  // namespace egress::engine
