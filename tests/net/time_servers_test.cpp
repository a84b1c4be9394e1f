// The time servers that distributions ask, with the policy that the documents name.
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

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

// At scale: an address is open for 7 s after its last answer, and the client asks every 9 s.
TEST_F(TimeServers, StayOpenWhileTheyAreUsedAndThePoolNamesOthers) {
  constexpr const char* kPool = "2.debian.pool.ntp.org";
  constexpr const char* kUnused = "162.159.200.2";
  dns.set(kPool, {.addresses = {kServer, kUnused}, .ttl = 1});
  const Daemon daemon(lab,
                      "version: 1\nresolvers: [10.77.0.1]\nservices: { ntp: [.pool.ntp.org] }\n"
                      "limits: { min_ttl: 1s, max_ttl: 1h, grace: 6s }\nallow: []\n");
  ASSERT_TRUE(serves(kPool));
  ASSERT_EQ(udp(kUnused, 123), Seen::answered);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(udp(kServer, 123), Seen::answered);
  for (int poll = 1; poll <= 5; ++poll) {
    dns.set(kPool, {.addresses = {"162.159.200." + std::to_string(10 + poll)}, .ttl = 1});
    EXPECT_EQ(rcode_of(ask(kPool)), kNoError);
    std::this_thread::sleep_until(start + poll * 9s);
    EXPECT_EQ(udp(kServer, 123), Seen::answered) << "poll " << poll;
  }
  EXPECT_EQ(udp(kUnused, 123), Seen::refused) << "used once, 45 s ago";
  EXPECT_EQ(udp("162.159.200.99", 123), Seen::refused);
}

}  // namespace
}  // namespace egress::test
