// An ICMP error passes for a flow of who sends it, and carries no more than such errors do.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <unistd.h>

#include "egress/core/limits.hpp"
#include "net/sources.hpp"
#include "support/container.hpp"

namespace egress::test {
namespace {

using testing::IsEmpty;

// What hosts may send by RFC 792, 1122 and 4443, and what routers may.
struct Error {
  const char* name;
  std::uint8_t type, code;
  std::uint32_t word = 0;
};
constexpr Error kErrors4[] = {{"port unreachable", 3, 3}, {"fragmentation needed", 3, 4, 1400},
                              {"source quench", 4, 0},    {"redirect", 5, 1, 0x0a4d0001},
                              {"time exceeded", 11, 0},   {"parameter problem", 12, 0}};
constexpr Error kErrors6[] = {{"port unreachable", 1, 4},
                              {"packet too big", 2, 0, 1400},
                              {"time exceeded", 3, 0},
                              {"parameter problem", 4, 1}};

class Related : public SourcesTest {
 protected:
  static constexpr std::uint16_t kOutside = 4500, kInside = 4501;

  Related() { watch(lab.net(), "host0"); }

  static const char* evil(int family) { return family == AF_INET ? kEvil4 : kEvil6; }
  static const char* api(int family) { return family == AF_INET ? kApi4 : kApi6; }

  // Somebody outside begins a flow to this address, whether anybody listens or not.
  void begin_from_outside(const std::string& to) const {
    const std::string from = evil(is_v4(to) ? AF_INET : AF_INET6);
    ASSERT_EQ(send_forged(lab.net(), forged_udp({from, to, kOutside, kInside}, "hello")), 0);
    std::this_thread::sleep_for(50ms);
  }
  // The sender says of the packet that `peer` would have sent to `target` what the errors say, and
  // quotes so much besides.
  Ways errors(const std::string& netns, const std::string& sender, const std::string& peer,
              const std::string& target, std::size_t more = 200) const {
    Ways ways;
    const auto add = [&](const Error& error) {
      ways.push_back(
          {std::string(error.name) + " of " + sender + " about " + target, [=](const Sign& sign) {
             const IpPacket quoted =
                 forged_udp({peer, target, kOutside, kInside}, sign.text + std::string(more, '.'));
             (void)send_forged(netns, forged_icmp({sender, peer}, quoting(error.type, error.code,
                                                                          quoted, error.word)));
           }});
    };
    if (is_v4(sender)) std::ranges::for_each(kErrors4, add);
    if (!is_v4(sender)) std::ranges::for_each(kErrors6, add);
    return ways;
  }

  const Container self{lab};
  const Container other{lab, {.bridge = "br-two", .net = 21}};
};

TEST_F(Related, NoContainerSpeaksOfTheHostsFlows) {
  const Ways ways = errors(self.netns(), self.address(AF_INET), kEvil4, kHost4) +
                    errors(self.netns(), self.address(AF_INET6), kEvil6, kHost6);
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  for (const char* host : {kHost4, kHost6}) begin_from_outside(host);
  EXPECT_THAT(seen(ways), IsEmpty());
}

TEST_F(Related, NoContainerSpeaksOfAnothersFlows) {
  Ways ways;
  for (const int family : {AF_INET, AF_INET6})
    ways = ways + errors(self.netns(), self.address(family), evil(family), other.address(family));
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  for (const int family : {AF_INET, AF_INET6}) begin_from_outside(other.address(family));
  EXPECT_THAT(seen(ways), IsEmpty());
}

// A program with CAP_NET_RAW writes its own.
TEST_F(Related, NoProgramOfTheHostSpeaksOfItsFlows) {
  const Ways ways =
      errors(lab.host(), kHost4, kEvil4, kHost4) + errors(lab.host(), kHost6, kEvil6, kHost6);
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  for (const char* host : {kHost4, kHost6}) begin_from_outside(host);
  EXPECT_THAT(seen(ways), IsEmpty());
}

// RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4: up to 576 and 1,280 octets in all.
TEST_F(Related, AnErrorOfAContainersOwnFlowCarriesNoMoreThanErrorsDo) {
  Ways ways;
  for (const int family : {AF_INET, AF_INET6}) {
    const std::size_t more = family == AF_INET ? 540 : 1250;
    ways =
        ways + errors(self.netns(), self.address(family), evil(family), self.address(family), more);
  }
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  for (const int family : {AF_INET, AF_INET6}) begin_from_outside(self.address(family));
  EXPECT_THAT(seen(ways), IsEmpty());
}

TEST_F(Related, AnErrorOfAContainersOwnFlowMayBeAsLongAsTheyAreAndNoLonger) {
  const auto of_length = [&](int family, const Error& error, std::size_t octets) {
    const std::string sender = self.address(family), peer = evil(family);
    const std::size_t headers = family == AF_INET ? 20 + 8 + 20 + 8 : 8 + 40 + 8;
    return Way{std::string(error.name) + " of " + std::to_string(octets) + " octets",
               [=, netns = self.netns()](const Sign& sign) {
                 std::string text = sign.text;
                 text.resize(octets - headers, '.');
                 const IpPacket quoted = forged_udp({peer, sender, kOutside, kInside}, text);
                 (void)send_forged(
                     netns, forged_icmp({sender, peer},
                                        quoting(error.type, error.code, quoted, error.word)));
               }};
  };
  struct Bound {
    int family;
    Error error;
    std::size_t octets;
  };
  const std::vector<Bound> bounds{{AF_INET, kErrors4[0], limits::kErrorOctets},
                                  {AF_INET6, kErrors6[0], limits::kErrorOctets},
                                  {AF_INET, kErrors4[1], limits::kPathErrorOctetsV4},
                                  {AF_INET6, kErrors6[1], limits::kPathErrorOctetsV6}};
  const Daemon daemon(lab, policy_of());
  for (const int family : {AF_INET, AF_INET6}) begin_from_outside(self.address(family));
  for (const auto& [family, error, octets] : bounds) {
    EXPECT_THAT(unseen({of_length(family, error, octets)}), IsEmpty()) << octets;
    EXPECT_THAT(seen({of_length(family, error, octets + 1)}), IsEmpty()) << "one more";
  }
}

// The container asks what is allowed, and is gone when the answer comes; RFC 1122 section 3.2.2.1.
TEST_F(Related, AnHonestErrorOfAContainerIsHeard) {
  const Daemon daemon(lab, policy_of());
  Tap outside(lab.net(), "host0");
  for (const int family : {AF_INET, AF_INET6}) {
    const std::uint16_t port = 4600;
    ASSERT_EQ(send_forged(self.netns(),
                          forged_udp({self.address(family), api(family), port, kAllowed}, "ask")),
              0);
    EXPECT_TRUE(eventually([&] {
      return std::ranges::any_of(outside.seen(), [&](const SeenPacket& packet) {
        return packet.destination == api(family) && packet.source == self.address(family) &&
               (packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6);
      });
    })) << api(family);
  }
}

}  // namespace
}  // namespace egress::test
