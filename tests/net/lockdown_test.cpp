// `egressd lockdown`: what holds a host between its boot and its daemon, and when that never comes.
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "adapters/state/known_addresses.hpp"
#include "net/net_test.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLiteral = "203.0.114.7";

class Lockdown : public NetTest {
 protected:
  Lockdown() {
    dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
    lab.write_policy(guarded_policy("api.openai.com:443, \"203.0.114.7:443\""));
  }

  std::filesystem::path known_file() const { return lab.dir() / "state" / "known-addresses"; }
  void write_known(const std::vector<dns::KnownAddress>& known) const {
    ASSERT_TRUE(state::write_known_addresses(known_file(), known));
    ASSERT_EQ(chown(known_file().c_str(), kNobody, kNobody), 0);
  }
  static dns::KnownAddress known(const char* address, seconds left) {
    const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
    return {*DnsName::parse("api.openai.com"), *IpAddress::parse(address), now + left};
  }
  // The base, and what the policy opens by address.
  void expect_base_alone() {
    for (const char* address : {kApi4, kApi6, kOther4, kOther6, kMetadata, kPublicResolver})
      EXPECT_EQ(tcp(address), Seen::refused) << address;
    EXPECT_EQ(udp(kPublicResolver, 443), Seen::refused);
    EXPECT_EQ(ping(kOther4), Seen::refused);
    EXPECT_EQ(tcp(kLiteral), Seen::answered);
  }

  static constexpr const char* kPublicResolver = "8.8.8.8";
};

TEST_F(Lockdown, ClosesAndOpensWhatIsKnownForWhatIsLeftOfItsTime) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  ASSERT_EQ(tcp(kApi6), Seen::answered);
  write_known({known(kApi4, 6s), known(kApi6, -1s)});
  const Finished lockdown = lab.lock_down();
  ASSERT_EQ(lockdown.exit_code, 0) << lockdown.output;
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kApi4, 444), Seen::refused);
  EXPECT_EQ(tcp(kLiteral), Seen::answered);
  for (const char* address : {kApi6, kOther4, kOther6, kMetadata})
    EXPECT_EQ(tcp(address), Seen::refused) << address;
  EXPECT_EQ(dns.asked("api.openai.com"), 0U) << "nobody is asked";
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::refused; }));
}

TEST_F(Lockdown, WithoutAFileTheBaseAlone) {
  ASSERT_EQ(tcp(kApi4), Seen::answered);
  for (const char* folder : {"state", "run"}) std::filesystem::remove(lab.dir() / folder);
  const Finished lockdown = lab.lock_down();
  EXPECT_EQ(lockdown.exit_code, 0) << lockdown.output;
  expect_base_alone();
}

TEST_F(Lockdown, ADamagedFileIsTheBaseAloneAndStaysForTheDaemon) {
  write_known({known(kApi4, 1h)});
  std::ofstream(known_file(), std::ios::app) << "more\n";
  const Finished lockdown = lab.lock_down();
  EXPECT_EQ(lockdown.exit_code, 0);
  EXPECT_NE(lockdown.output.find("known-addresses-not-restored"), std::string::npos)
      << lockdown.output;
  expect_base_alone();
  EXPECT_TRUE(std::filesystem::exists(known_file())) << "it writes and moves nothing";
}

TEST_F(Lockdown, AnUnreadableFileIsTheBaseAlone) {
  write_known({known(kApi4, 1h)});
  ASSERT_EQ(chown(known_file().c_str(), 0, 0), 0);
  ASSERT_EQ(chmod(known_file().c_str(), 0600), 0);
  EXPECT_EQ(lab.lock_down().exit_code, 0);
  expect_base_alone();
}

TEST_F(Lockdown, APolicyThatCannotBeReadAllowsNothing) {
  lab.write_policy("version: 1\nallow: [nonsense:port]\n");
  const Finished lockdown = lab.lock_down();
  EXPECT_EQ(lockdown.exit_code, 0) << lockdown.output;
  EXPECT_NE(lockdown.output.find("policy-refused"), std::string::npos) << lockdown.output;
  for (const char* address : {kLiteral, kApi4, kApi6, kOther4, kOther6})
    EXPECT_EQ(tcp(address), Seen::refused) << address;
}

TEST_F(Lockdown, TheTableOfARunningDaemonIsLeftAlone) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  for (const auto& options : {std::vector<std::string>{}, {"--shared-table"}}) {
    const Finished lockdown = lab.lock_down(options);
    EXPECT_EQ(lockdown.exit_code, 0) << lockdown.output;
    EXPECT_NE(lockdown.output.find("stands already"), std::string::npos) << lockdown.output;
  }
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

TEST_F(Lockdown, WithoutTheRightItSaysSoAndFails) {
  const Finished lockdown =
      run({.words = {"setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", "--",
                     "nsenter", "--net=/run/netns/" + lab.host(), egressd_program(), "lockdown"},
           .environment = {"ASAN_OPTIONS=detect_leaks=0"}});
  EXPECT_EQ(lockdown.exit_code, 1);
  EXPECT_NE(lockdown.output.find("CAP_NET_ADMIN"), std::string::npos) << lockdown.output;
  EXPECT_EQ(tcp(kOther4), Seen::answered);
}

// From another process's view: connects all the while, and never gets through.
TEST_F(Lockdown, TheDaemonTakesOverWithoutAGap) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  ASSERT_EQ(lab.lock_down().exit_code, 0);
  std::atomic<bool> is_over = false;
  std::size_t leaks = 0, attempts = 0;
  std::thread agent([&] {
    for (; !is_over; ++attempts) leaks += tcp(kOther4) != Seen::refused;
  });
  Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  daemon.ask<control::ReloadReply>(control::ReloadRequest{});
  is_over = true;
  agent.join();
  EXPECT_GT(attempts, 20U);
  EXPECT_EQ(leaks, 0U);
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

}  // namespace
}  // namespace egress::test
