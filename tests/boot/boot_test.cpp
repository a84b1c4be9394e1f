// The installed product under a systemd that really booted: unit, user, directories and the table
// at every turn.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "boot/machine.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class Boot : public ::testing::Test {
 protected:
  const Machine machine;
};

TEST_F(Boot, TheUnitIsActiveOnceTheTableStands) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  EXPECT_TRUE(machine.has_table());
  const Finished status = machine.execute({"egressctl", "status"});
  EXPECT_EQ(status.exit_code, 0) << status.output;
  EXPECT_EQ(machine.property("NRestarts"), "0");
}

TEST_F(Boot, AFreshInstallEnforcesTheShippedPolicy) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  const std::string status = machine.execute({"egressctl", "status"}).output;
  EXPECT_NE(status.find("enforcing"), std::string::npos) << status;
  EXPECT_NE(status.find("forward    held: "), std::string::npos) << status;
  EXPECT_NE(status.find("not held: what comes in by "), std::string::npos) << status;
  EXPECT_EQ(status.find("warnings"), std::string::npos) << status;
}

TEST_F(Boot, TheDaemonHoldsOneCapabilityAndNoOther) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  const Finished status =
      machine.execute({"cat", "/proc/" + machine.property("MainPID") + "/status"});
  constexpr const char* kNetAdminAlone = "0000000000001000";  // 1 << CAP_NET_ADMIN
  EXPECT_NE(status.output.find("CapEff:\t" + std::string(kNetAdminAlone)), std::string::npos)
      << status.output;
  EXPECT_NE(status.output.find("CapPrm:\t" + std::string(kNetAdminAlone)), std::string::npos)
      << status.output;
  EXPECT_NE(status.output.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_EQ(status.output.find("Uid:\t0"), std::string::npos) << "runs as root";
}

TEST_F(Boot, ItComesBackAfterSigkillAndTheTableNeverWent) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  for (int turn = 0; turn < 3; ++turn) {
    const std::string before = machine.property("MainPID");
    ASSERT_EQ(machine.execute({"kill", "-KILL", before}).exit_code, 0);
    EXPECT_TRUE(machine.has_table());
    EXPECT_TRUE(eventually([&] {
      return machine.property("MainPID") != before && machine.property("ActiveState") == "active";
    })) << machine.journal();
    EXPECT_TRUE(machine.has_table());
  }
}

// systemd holds the socket that the table belongs to.
TEST_F(Boot, TheTableIsOursAlsoWhileTheDaemonIsDead) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  const auto flush = [&] {
    ASSERT_EQ(machine.execute({"nft", "flush", "ruleset"}).exit_code, 0);
    EXPECT_TRUE(machine.has_table());
    EXPECT_NE(machine.execute({"nft", "delete", "table", "inet", "egressd"}).exit_code, 0);
  };
  ASSERT_EQ(machine.execute({"nft", "add", "table", "inet", "other"}).exit_code, 0);
  flush();
  EXPECT_EQ(machine.execute({"nft", "list", "tables"}).output.find("other"), std::string::npos)
      << "positive control: the other table went";
  for (int turn = 0; turn < 3; ++turn) {
    const std::string before = machine.property("MainPID");
    ASSERT_EQ(machine.execute({"kill", "-KILL", before}).exit_code, 0);
    flush();
    EXPECT_TRUE(eventually([&] {
      flush();
      return machine.property("MainPID") != before && machine.property("ActiveState") == "active";
    })) << machine.journal();
    flush();
  }
  ASSERT_EQ(machine.execute({"systemctl", "restart", "egressd.service"}).exit_code, 0)
      << machine.journal();
  flush();
  EXPECT_EQ(machine.execute({"egressctl", "diff"}).exit_code, 0);
  EXPECT_EQ(machine.property("NFileDescriptorStore"), "1")
      << "one socket, however often it came back";
}

// The sockets are systemd's: a question that comes while there is no daemon waits for the next one.
// No question is in the daemon's hands when it is killed: those die with it and are asked again.
TEST_F(Boot, QuestionsWaitWhileTheDaemonComesBack) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  ASSERT_TRUE(machine.is_refused_by_the_guard());
  std::size_t asked = 0;
  std::chrono::milliseconds longest{0};
  for (int turn = 0; turn < 5; ++turn) {
    const std::string before = machine.property("MainPID");
    ASSERT_EQ(machine.execute({"kill", "-KILL", before}).exit_code, 0);
    do {
      const auto start = std::chrono::steady_clock::now();
      ASSERT_TRUE(machine.is_refused_by_the_guard()) << machine.journal();
      longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                      std::chrono::steady_clock::now() - start));
      ++asked;
    } while (machine.property("ActiveState") != "active");
    EXPECT_NE(machine.property("MainPID"), before);
  }
  std::cout << asked << " questions over five kills, the longest took " << longest.count()
            << " ms with the time that the program took to start\n";
}

TEST_F(Boot, StopLeavesTheTableAndAdditionsOutliveARestart) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  const Finished allow = machine.execute({"egressctl", "allow", "160.79.104.10:443"});
  ASSERT_EQ(allow.exit_code, 0) << allow.output;
  ASSERT_EQ(machine.execute({"systemctl", "stop", "egressd.service"}).exit_code, 0);
  EXPECT_EQ(machine.property("ActiveState"), "inactive");
  EXPECT_TRUE(machine.has_table());
  ASSERT_EQ(machine.execute({"systemctl", "restart", "egressd.service"}).exit_code, 0)
      << machine.journal();
  EXPECT_NE(machine.execute({"egressctl", "list"}).output.find("160.79.104.10"), std::string::npos);
}

TEST_F(Boot, ReloadGoesThroughTheUnit) {
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  const Finished write =
      machine.execute({"sh", "-c",
                       "mkdir -p /etc/egressd/policy.d; echo 'version: 1\nallow: "
                       "[\"160.79.104.11:443\"]' > /etc/egressd/policy.d/a.yaml"});
  ASSERT_EQ(write.exit_code, 0) << write.output;
  ASSERT_EQ(machine.execute({"systemctl", "reload", "egressd.service"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] {
    return machine.execute({"egressctl", "list"}).output.find("160.79.104.11") != std::string::npos;
  })) << machine.journal();
}

TEST_F(Boot, SystemdFindsNoFaultInTheUnits) {
  for (const std::string unit :
       {"egressd.service", "egressd-lockdown.service", "egressd-dns.socket"}) {
    const Finished verified =
        machine.execute({"systemd-analyze", "verify", "--man=no", "/lib/systemd/system/" + unit});
    EXPECT_EQ(verified.exit_code, 0) << verified.output;
    EXPECT_EQ(verified.output.find("egressd"), std::string::npos) << verified.output;
  }
}

// As docs/guarantees.md tells; in tenths.
TEST_F(Boot, TheUnitsExposeNoMoreThanIsWritten) {
  ASSERT_TRUE(machine.becomes_active("dbus.service"));
  for (const auto& [unit, limit] :
       {std::pair("egressd.service", "15"), {"egressd-lockdown.service", "11"}}) {
    const Finished analysed = machine.execute(
        {"systemd-analyze", "security", "--no-pager", std::string("--threshold=") + limit, unit});
    EXPECT_EQ(analysed.exit_code, 0) << analysed.output;
  }
}

}  // namespace
}  // namespace egress::test
