// A time server's address stays open while it is used.
#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "support/guarded_host.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using namespace std::chrono_literals;
using test::allow_entry;

constexpr const char* kPool = "2.debian.pool.ntp.org";
constexpr const char* kUsed = "203.0.113.1";
constexpr const char* kUnused = "203.0.113.2";

class TimeServersInUse : public testing::Test {
 protected:
  TimeServersInUse() {
    host.tell(OwnAddressesChanged{{*IpAddress::parse("0.0.0.0")}});
    allow(Transport::udp, 123);
    EXPECT_TRUE(host.answer(kPool, {kUsed, kUnused}, 150s));
  }
  void allow(Transport transport, Port port) {
    policy::AllowEntry entry = allow_entry(*DnsName::parse(kPool), port);
    entry.transport = transport;
    host.set_policy({entry});
  }
  bool asks(const char* server, Transport transport = Transport::udp, Port port = 123) {
    return host.kernel().connect({ip(server), transport, port});
  }
  // As the daemon does it, while the pool names others.
  void pass(seconds duration) {
    for (seconds passed{0}; passed < duration; passed += limits::kFlowsLook) {
      host.pass(limits::kFlowsLook);
      TimeServersUsed used;
      for (const Endpoint& server : host.engine().time_servers_ending(host.clock().now()))
        if (const auto since = host.kernel().last_hit(server))
          used.uses.push_back({server.address, host.clock().now() - *since});
      host.tell(used);
      host.answer(kPool, {"198.51.100." + std::to_string(++answers % 250 + 1)}, 150s);
    }
  }

  test::GuardedHost host;
  int answers = 0;
};

// systemd-timesyncd asks every 2,048 s at last, chrony and ntpsec every 1,024 s.
TEST_F(TimeServersInUse, StayOpenForTheLongestPauseOfAnyClient) {
  for (int poll = 0; poll < 12; ++poll) {
    ASSERT_TRUE(asks(kUsed)) << "poll " << poll;
    pass(poll == 0 ? 64s : 2048s);
  }
  EXPECT_FALSE(asks(kUnused)) << "nobody had used it";
}

TEST_F(TimeServersInUse, CloseOnceTheyAreUsedNoMore) {
  ASSERT_TRUE(asks(kUsed));
  const seconds kept = limits::kTimeKept * policy::Limits{}.grace;
  pass(kept - 60s);
  EXPECT_TRUE(host.kernel().holds(
      nft::ElementKey::endpoint(nft::SetId::allow, {ip(kUsed), Transport::udp, 123})));
  pass(120s);
  EXPECT_FALSE(asks(kUsed));
}

TEST_F(TimeServersInUse, CloseAtOnceWhenTheirEntryGoes) {
  ASSERT_TRUE(asks(kUsed));
  pass(2048s);
  ASSERT_TRUE(asks(kUsed));
  host.set_policy({});
  EXPECT_FALSE(asks(kUsed));
}

TEST_F(TimeServersInUse, AreNoneOfOtherServices) {
  allow(Transport::tcp, 443);
  host.answer(kPool, {kUsed}, 150s);
  ASSERT_TRUE(asks(kUsed, Transport::tcp, 443));
  EXPECT_FALSE(compile_base(host.engine().inputs()).judges_time);
  pass(2048s);
  EXPECT_FALSE(asks(kUsed, Transport::tcp, 443));
}

}  // namespace
}  // namespace egress::engine
