// The time servers that distributions ask, with the policy that the documents name.
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

constexpr const char* kServer = "162.159.200.1";
// What chrony, ntpsec and systemd-timesyncd of Debian and Ubuntu are shipped with.
constexpr const char* kNames[] = {"pool.ntp.org", "2.debian.pool.ntp.org", "0.debian.pool.ntp.org",
                                  "3.ubuntu.pool.ntp.org"};

class TimeServers : public GuardTest {
 protected:
  TimeServers() {
    for (const char* name : kNames) dns.set(name, {.addresses = {kServer}});
  }
  // Whether a client of that name gets the time.
  bool serves(const std::string& name) {
    return rcode_of(ask(name)) == kNoError && udp(kServer, 123) == Seen::answered;
  }

  UdpServer time_server{lab.net(), 123, echo()};
};

TEST_F(TimeServers, OfDistributionsAreThoseBelowThePool) {
  ASSERT_EQ(udp(kServer, 123), Seen::answered) << "nothing refuses it yet";
  const Daemon daemon(lab, guarded_policy("", "services: { ntp: [.pool.ntp.org] }\n"));
  ASSERT_EQ(udp(kServer, 123), Seen::refused) << "nobody has asked for it";
  for (const char* name : kNames) EXPECT_TRUE(serves(name)) << name;
  EXPECT_TRUE(is_blocked(ask("pool.ntp.org.example.com")));
  EXPECT_EQ(tcp(kServer, 443), Seen::refused);
}

TEST_F(TimeServers, APoolByItsNameAloneIsNotWhatTheyAsk) {
  const Daemon daemon(lab, guarded_policy("", "services: { ntp: [pool.ntp.org] }\n"));
  EXPECT_TRUE(serves("pool.ntp.org"));
  EXPECT_TRUE(is_blocked(ask("2.debian.pool.ntp.org")));
}

}  // namespace
}  // namespace egress::test
