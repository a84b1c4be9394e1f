#include "egress/nft/nets.hpp"

#include <gmock/gmock.h>

#include <random>

#include "unit/nft/sample.hpp"

namespace egress::nft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Disjoint, LeavesSeparateBoxesAlone) {
  const Elements boxes{{net("10.0.0.0", "10.0.0.255", {443, 443}), kNever},
                       {net("10.0.2.0", "10.0.2.255", {443, 443}), kNow + 60s},
                       {net("2001:db8::", "2001:db8::ff", {443, 443}), kNever},
                       {net("10.0.0.0", "10.0.0.255", {443, 443}, Transport::udp), kNever}};
  EXPECT_EQ(disjoint(boxes), boxes);
  EXPECT_THAT(disjoint({}), IsEmpty());
}

TEST(Disjoint, MergesNeighboursThatEndTogether) {
  EXPECT_THAT(disjoint({{net("10.0.0.0", "10.0.0.127", {443, 443}), kNever},
                        {net("10.0.0.128", "10.0.0.255", {443, 443}), kNever},
                        {net("10.0.0.0", "10.0.0.255", {444, 500}), kNever}}),
              ElementsAre(Pair(net("10.0.0.0", "10.0.0.255", {443, 500}), kNever)));
}

TEST(Disjoint, TheLatestEndWins) {
  EXPECT_THAT(disjoint({{net("10.0.0.0", "10.0.0.255", {443, 443}), kNow + 60s},
                        {net("10.0.0.64", "10.0.0.127", {443, 443}), kNever}}),
              ElementsAre(Pair(net("10.0.0.0", "10.0.0.63", {443, 443}), kNow + 60s),
                          Pair(net("10.0.0.64", "10.0.0.127", {443, 443}), kNever),
                          Pair(net("10.0.0.128", "10.0.0.255", {443, 443}), kNow + 60s)));
  EXPECT_THAT(disjoint({{net("10.0.0.0", "10.0.0.255", {443, 443}), kNever},
                        {net("10.0.0.64", "10.0.0.127", {443, 443}), kNow + 60s}}),
              ElementsAre(Pair(net("10.0.0.0", "10.0.0.255", {443, 443}), kNever)));
}

TEST(Disjoint, ReachesBothEndsOfTheAddressSpace) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    ElementKey all = net("0.0.0.0", "0.0.0.0", {1, 65535});
    all.first = IpAddress::lowest(family);
    all.last = IpAddress::highest(family);
    ElementKey top = all;
    top.first = all.last;
    EXPECT_THAT(disjoint({{all, kNow + 5s}}), ElementsAre(Pair(all, kNow + 5s)));
    const Elements both = disjoint({{all, kNow + 5s}, {top, kNever}});
    EXPECT_EQ(both.size(), 2U);
    EXPECT_EQ(both.at(top), kNever);
  }
}

// A small world of 12 addresses by 12 ports, so that every place can be asked.
constexpr int kSide = 12;

Endpoint place(Family family, int x, int y) {
  std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8};
  octets[15] = static_cast<std::uint8_t>(x);
  const IpAddress at = family == Family::ipv4
                           ? IpAddress::v4({255, 255, 255, static_cast<std::uint8_t>(244 + x)})
                           : IpAddress::v6(octets);
  return {at, Transport::tcp, static_cast<Port>(65524 + y)};
}

Instant latest_end(const Elements& elements, const Endpoint& endpoint) {
  Instant latest{};
  for (const auto& [key, end] : elements) {
    if (key.contains(endpoint)) latest = std::max(latest, end);
  }
  return latest;
}

TEST(Disjoint, IsTheExactUnion) {
  std::mt19937 random(11);
  const auto below = [&](int bound) { return static_cast<int>(random() % unsigned(bound)); };
  for (int round = 0; round < 400; ++round) {
    const Family family = round % 2 == 0 ? Family::ipv4 : Family::ipv6;
    Elements boxes;
    for (int count = 1 + below(8); count > 0; --count) {
      const int x = below(kSide);
      const int y = below(kSide);
      const Endpoint low = place(family, x, y);
      const Endpoint high = place(family, x + below(kSide - x), y + below(kSide - y));
      boxes[{SetId::nets, low.address, high.address, Transport::tcp, {low.port, high.port}}] =
          below(3) == 0 ? kNever : kNow + seconds(below(3));
    }
    const Elements result = disjoint(boxes);
    for (int x = 0; x < kSide; ++x) {
      for (int y = 0; y < kSide; ++y) {
        const Endpoint here = place(family, x, y);
        ASSERT_EQ(latest_end(result, here), latest_end(boxes, here)) << here.text();
        const auto covers = std::count_if(result.begin(), result.end(), [&](const auto& element) {
          return element.first.contains(here);
        });
        ASSERT_LE(covers, 1) << here.text() << " in round " << round;
      }
    }
    ASSERT_EQ(disjoint(result), result) << "round " << round;
  }
}

}  // namespace
}  // namespace egress::nft
