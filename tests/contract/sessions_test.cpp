// Sessions that are made known to the connection tracking.
#include <gmock/gmock.h>

#include <set>
#include <utility>

#include "contract/machine.hpp"

namespace egress::test {
namespace {

using nft::Adopted;
using nft::Session;

struct Ends {
  Endpoint near;
  Endpoint far;
};
Endpoint at(const std::string& address, Port port) {
  return {*IpAddress::parse(address), Transport::tcp, port};
}
const Ends kEnds[] = {{at("192.0.2.1", 22), at("198.51.100.1", 40000)},
                      {at("2001:db8::1", 22), at("2001:db8:1::1", 40000)}};

// Which flows are tracked, and not cut.
std::set<std::pair<IpAddress, Endpoint>> tracked(nft::Kernel& kernel) {
  std::set<std::pair<IpAddress, Endpoint>> seen;
  EXPECT_TRUE(kernel.cut_flows([&](const nft::Flow& flow) {
    seen.emplace(flow.source, flow.destination);
    return false;
  }));
  return seen;
}
Adopted adopt(nft::Kernel& kernel, const Session& session) {
  return kernel.adopt_flows(std::array{session}).value();
}

TEST_P(Contract, ASessionIsAdoptedOnce) {
  for (const auto& [near, far] : kEnds) {
    EXPECT_EQ(adopt(kernel(), {far, near}), (Adopted{.made = 1, .cut = 0}));
    EXPECT_TRUE(tracked(kernel()).contains({far.address, near}));
    EXPECT_EQ(adopt(kernel(), {far, near}), Adopted{});
  }
  EXPECT_EQ(tracked(kernel()).size(), 2U);
}

TEST_P(Contract, ADatagramsFlowIsAdoptedToo) {
  for (auto [near, far] : kEnds) {
    near.transport = far.transport = Transport::udp;
    EXPECT_EQ(adopt(kernel(), {near, far}), (Adopted{.made = 1, .cut = 0}));
    EXPECT_TRUE(tracked(kernel()).contains({near.address, far}));
    EXPECT_EQ(adopt(kernel(), {near, far}), Adopted{});
  }
}

TEST_P(Contract, FlowsAreCounted) {
  const auto before = kernel().count_flows().value();
  EXPECT_GT(before.most, 0U);
  for (const auto& [near, far] : kEnds) adopt(kernel(), {far, near});
  const auto after = kernel().count_flows().value();
  EXPECT_EQ(after, (nft::FlowCount{before.tracked + 2, before.most}));
}

TEST_P(Contract, TwoSessionsBetweenTwoHostsAreTwo) {
  const auto& [near, far] = kEnds[0];
  const Endpoint second = at(far.address.text(), 40001);
  const Session sessions[] = {{far, near}, {second, near}};
  EXPECT_EQ(kernel().adopt_flows(sessions), (Adopted{.made = 2, .cut = 0}));
  EXPECT_EQ(kernel().forget_flows([](const nft::Flow&) { return true; }), 2U);
}

TEST_P(Contract, ASessionThatIsTrackedTheOtherWayRoundIsTurned) {
  for (const auto& [near, far] : kEnds) {
    ASSERT_EQ(adopt(kernel(), {near, far}), (Adopted{.made = 1, .cut = 0}));
    EXPECT_EQ(adopt(kernel(), {far, near}), (Adopted{.made = 1, .cut = 0}));
    EXPECT_TRUE(tracked(kernel()).contains({far.address, near}));
    EXPECT_FALSE(tracked(kernel()).contains({near.address, far}));
  }
}

TEST_P(Contract, ASessionCanBeCutFromTheStart) {
  for (const auto& [near, far] : kEnds) {
    EXPECT_EQ(adopt(kernel(), {near, far, true}), (Adopted{.made = 1, .cut = 1}));
    EXPECT_EQ(adopt(kernel(), {near, far, true}), Adopted{});
    EXPECT_EQ(adopt(kernel(), {near, far}), Adopted{}) << "adopting does not lift a cut";
  }
  EXPECT_TRUE(tracked(kernel()).empty());
  EXPECT_EQ(kernel().forget_flows([](const nft::Flow&) { return true; }), 2U);
}

// Turning it would leave a moment in which it is not cut.
TEST_P(Contract, ASessionThatIsTrackedTheOtherWayRoundIsCutAsItStands) {
  for (const auto& [near, far] : kEnds) {
    ASSERT_EQ(adopt(kernel(), {far, near}), (Adopted{.made = 1, .cut = 0}));
    EXPECT_EQ(adopt(kernel(), {near, far, true}), (Adopted{.made = 0, .cut = 1}));
    EXPECT_EQ(adopt(kernel(), {near, far, true}), Adopted{});
  }
  EXPECT_TRUE(tracked(kernel()).empty());
}

// Where it really goes is not known here.
TEST_P(Contract, ASessionThatIsTrackedInItsDirectionIsNotCut) {
  const auto& [near, far] = kEnds[0];
  ASSERT_EQ(adopt(kernel(), {near, far}), (Adopted{.made = 1, .cut = 0}));
  EXPECT_EQ(adopt(kernel(), {near, far, true}), Adopted{});
  EXPECT_TRUE(tracked(kernel()).contains({near.address, far}));
}

}  // namespace
}  // namespace egress::test
