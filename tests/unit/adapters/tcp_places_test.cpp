// Who has to go when the places of the TCP side are taken.
#include "adapters/dns_listener/tcp_places.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "egress/core/limits.hpp"

namespace egress::dns_listener {
namespace {

const IpAddress kBridge = *IpAddress::parse("172.17.0.1");
const IpAddress kOtherBridge = *IpAddress::parse("172.18.0.1");

Holder user(uid_t uid) {
  return {uid, {}, {}};
}
Holder container(const IpAddress& link, std::uint8_t number) {
  return {{}, link, IpAddress::v4({172, 17, 1, number})};
}

class TcpPlaces : public testing::Test {
 protected:
  void take(const Holder& holder, std::size_t count, bool is_asking = false) {
    for (std::size_t i = 0; i < count; ++i)
      places_.push_back({++last_, holder, is_asking, Instant(seconds(1000) - seconds(last_))});
  }
  // Whose connection goes; empty: nobody's.
  std::optional<Holder> loser(const Holder& newcomer) const {
    const auto leaving = leaves_for(newcomer, places_);
    return leaving ? std::optional(places_.at(*leaving - 1).holder) : std::nullopt;
  }

  std::vector<Place> places_;
  std::uint64_t last_ = 0;
};

TEST_F(TcpPlaces, AreTherePastNoLimit) {
  EXPECT_EQ(loser(user(1)), std::nullopt);
  take(user(1), limits::kDnsConnectionsPerClient - 1);
  EXPECT_EQ(loser(user(1)), std::nullopt);
  take(user(1), 1);
  EXPECT_EQ(loser(user(1)), user(1));
  EXPECT_EQ(loser(user(2)), std::nullopt);
}

TEST_F(TcpPlaces, OfALinkAreBoundedAndItsGreediestAddressLoses) {
  take(container(kBridge, 1), limits::kDnsConnectionsPerClient);
  take(container(kBridge, 2),
       limits::kDnsConnectionsPerLink - limits::kDnsConnectionsPerClient - 1);
  EXPECT_EQ(loser(container(kBridge, 3)), std::nullopt);
  take(container(kBridge, 3), 1);
  EXPECT_EQ(loser(container(kBridge, 4)), container(kBridge, 1));
  EXPECT_EQ(loser(container(kOtherBridge, 4)), std::nullopt) << "the same address on another link";
  EXPECT_EQ(loser(user(1)), std::nullopt);
}

TEST_F(TcpPlaces, AllTakenTheGreediestLosesWhoeverComes) {
  take(user(1), 60);
  for (std::uint8_t i = 0; i < 120; ++i) take(container(kBridge, i), 1);
  take(user(2), limits::kDnsConnections - places_.size() - 1);
  take(user(3), 1);
  EXPECT_EQ(loser(user(4))->link, kBridge) << "many addresses of one link are one party";
  EXPECT_EQ(loser(user(1))->link, kBridge);
  take(user(2), 100);
  EXPECT_EQ(loser(user(4)), user(2));
}

TEST_F(TcpPlaces, TheLongestIdleGoesAndWhoWaitsForAnAnswerLast) {
  take(user(1), limits::kDnsConnectionsPerClient - 2, /*is_asking=*/true);
  take(user(1), 1);
  take(user(1), 1);
  EXPECT_EQ(leaves_for(user(1), places_), last_) << "its last step is the longest ago";
  places_.back().is_asking = true;
  EXPECT_EQ(leaves_for(user(1), places_), last_ - 1);
  places_[places_.size() - 2].is_asking = true;
  EXPECT_EQ(leaves_for(user(1), places_), last_);
}

}  // namespace
}  // namespace egress::dns_listener
