// Revoking, reloading, stopping, crashing: nothing of it opens anything.
#include <fstream>
#include <thread>

#include "net/net_test.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class Lifecycle : public NetTest {
 protected:
  Lifecycle() { dns.set("api.openai.com", {.addresses = {kApi4, kApi6}}); }
  // No side has anything to say any more.
  bool are_all_over() const {
    return lab.on_host(
               {"sh", "-c",
                "conntrack -L -p tcp 2>/dev/null | grep -cvE 'TIME_WAIT|CLOSE ' || true"}) == "0\n";
  }
};

class Revocation : public Lifecycle, public ::testing::WithParamInterface<const char*> {};

TEST_P(Revocation, CutsAnOpenTransfer) {
  const Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  Connection transfer(lab.host(), GetParam(), 443);
  ASSERT_GT(transfer.receive_for(300ms), 0U);
  ASSERT_FALSE(transfer.is_dead());
  const Finished deny = daemon.egressctl({"deny", "api.openai.com:443"});
  ASSERT_EQ(deny.exit_code, 0) << deny.output;
  // What was in flight may still arrive; after that nothing does.
  transfer.receive_for(1s);
  EXPECT_EQ(transfer.receive_for(1s), 0U) << "the transfer goes on after the revocation";
}
INSTANTIATE_TEST_SUITE_P(EachFamily, Revocation, ::testing::Values(kApi4, kApi6),
                         [](const auto& of) { return of.index == 0 ? "IPv4" : "IPv6"; });

TEST_F(Lifecycle, ARevocationCountsOnlyConnectionsThatAreOpen) {
  const Daemon daemon(lab, policy(""));
  const std::vector<std::string> deny{"deny", "api.openai.com:443"};
  for (const bool is_one_open : {false, true}) {
    ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
    for (int finished = 0; finished < 3; ++finished) ASSERT_EQ(tcp(kApi4), Seen::answered);
    ASSERT_TRUE(eventually([&] { return are_all_over(); }));
    std::optional<Connection> open;
    if (is_one_open) open.emplace(lab.host(), kApi4, 443);
    EXPECT_NE(daemon.egressctl(deny).output.find("open connections cut: " +
                                                 std::to_string(int{is_one_open})),
              std::string::npos);
  }
}

TEST_F(Lifecycle, AnotherTransferSurvivesARevocation) {
  dns.set("github.com", {.addresses = {kOther4}});
  const Daemon daemon(lab, policy("github.com:443"));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_TRUE(eventually([&] { return tcp(kOther4) == Seen::answered; }));
  Connection kept(lab.host(), kOther4, 443);
  ASSERT_GT(kept.receive_for(300ms), 0U);
  ASSERT_EQ(daemon.egressctl({"deny", "api.openai.com:443"}).exit_code, 0);
  kept.receive_for(500ms);
  EXPECT_GT(kept.receive_for(500ms), 0U);
  EXPECT_FALSE(kept.is_dead());
}

TEST_F(Lifecycle, AnEntryOfAFileIsNotDeniedButExplained) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  const Finished deny = daemon.egressctl({"deny", "api.openai.com:443"});
  EXPECT_EQ(deny.exit_code, 1);
  EXPECT_NE(deny.output.find("egressd.yaml:6"), std::string::npos) << deny.output;
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
}

TEST_F(Lifecycle, ATimeBoxedGrantEndsThoughTheDaemonWasKilled) {
  Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443", "--for", "4s"}).exit_code, 0);
  ASSERT_EQ(tcp(kApi4), Seen::answered);
  daemon.crash();
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::refused; }, 5s));
  EXPECT_EQ(tcp(kApi6), Seen::refused);
}

TEST_F(Lifecycle, ATimeBoxedGrantThatHasEndedIsForgotten) {
  Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443", "--for", "2s"}).exit_code, 0);
  ASSERT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::refused; }, 5s));
  const auto is_listed = [&] {
    return daemon.egressctl({"list"}).output.find("openai") != std::string::npos;
  };
  EXPECT_TRUE(eventually([&] { return !is_listed(); }, 2s));
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

TEST_F(Lifecycle, StoppingLeavesTheTableClosed) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  daemon.terminate();
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  EXPECT_EQ(tcp(kOther6), Seen::refused);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

TEST_F(Lifecycle, ACrashLeavesTheTableClosedAndARestartTakesOver) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  for (int crash = 0; crash < 3; ++crash) {
    daemon.crash();
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    daemon.start();
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  }
}

// From another process's view: connects all the while, and never gets through.
TEST_F(Lifecycle, NoMomentOfARestartIsOpen) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  Daemon daemon(lab, policy("api.openai.com:443"));
  std::atomic<bool> is_over = false;
  std::size_t leaks = 0, attempts = 0;
  std::thread agent([&] {
    for (; !is_over; ++attempts) leaks += tcp(kOther4) != Seen::refused;
  });
  for (int turn = 0; turn < 3; ++turn) {
    turn == 0 ? daemon.terminate() : daemon.crash();
    daemon.start();
    daemon.ask<control::ReloadReply>(control::ReloadRequest{});
  }
  is_over = true;
  agent.join();
  EXPECT_GT(attempts, 100U);
  EXPECT_EQ(leaks, 0U);
}

TEST_F(Lifecycle, AReloadTakesOverANewFile) {
  const Daemon daemon(lab, policy(""));
  ASSERT_EQ(tcp(kApi4), Seen::refused);
  daemon.write_policy(policy("api.openai.com:443"));
  const Finished reload = daemon.egressctl({"reload"});
  EXPECT_EQ(reload.exit_code, 0) << reload.output;
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  daemon.write_policy(policy(""));
  EXPECT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::refused; }));
}

TEST_F(Lifecycle, AReloadOfABrokenFileKeepsTheRunningPolicy) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  daemon.write_policy(policy("github.com:443, nonsense:port"));
  const Finished reload = daemon.egressctl({"reload"});
  EXPECT_EQ(reload.exit_code, 1);
  EXPECT_NE(reload.output.find("egressd.yaml:6:25"), std::string::npos) << reload.output;
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::refused);
}

TEST_F(Lifecycle, AdditionsSurviveARestart) {
  Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443", "--reason", "trial"}).exit_code, 0);
  daemon.crash();
  daemon.start();
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  EXPECT_EQ(daemon.egressctl({"deny", "api.openai.com:443"}).exit_code, 0);
  daemon.terminate();
  daemon.start();
  EXPECT_EQ(tcp(kApi4), Seen::refused);
}

TEST_F(Lifecycle, OtherTablesAreLeftAlone) {
  lab.nft(
      "table ip foreign {\n chain c {\n type filter hook output priority 10; policy accept;\n"
      " ip daddr 192.0.2.1 counter drop;\n }\n}\n");
  const std::string before = lab.on_host({"nft", "list", "table", "ip", "foreign"});
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"allow", "203.0.114.7:443"}).exit_code, 0);
  daemon.egressctl({"reload"});
  daemon.terminate();
  EXPECT_EQ(lab.on_host({"nft", "list", "table", "ip", "foreign"}), before);
}

}  // namespace
}  // namespace egress::test
