// From the first moment of a boot: an agent floods what it may not reach, and nothing of it leaves,
// whether egressd comes, comes late, comes again and again, or never.
#include "boot/flooded.hpp"
#include "support/dns_server.hpp"

namespace egress::test {
namespace {

class LockdownBoot : public Flooded {
 protected:
  std::uint64_t moment(const std::string& property, const std::string& unit) const {
    return std::stoull(machine->property(property, unit));
  }
};

TEST_F(LockdownBoot, WithoutEgressdTheFloodComesOut) {
  for (const char* unit : {"egressd.service", "egressd-lockdown.service", "egressd-dns.socket"})
    files.mask(unit);
  add_link();
  boot();
  await_attempts();
  EXPECT_TRUE(eventually([&] { return flood_seen() == kWholeFlood; }));
}

// The link comes up as early as can be, and the daemon late.
TEST_F(LockdownBoot, NothingLeavesBetweenTheFirstLinkAndReady) {
  add_link("egressd-lockdown.service");
  files.add_drop_in("egressd.service",
                    "[Service]\nExecStartPre=/bin/sh -c 'until test -e /run/go; do sleep 0.1; "
                    "done'\n");
  boot();
  await_attempts();
  EXPECT_TRUE(reaches(kLiteral)) << "positive control, and what the policy opens by address";
  EXPECT_EQ(machine->property("ActiveState"), "activating") << machine->journal();
  EXPECT_LE(moment("ActiveEnterTimestampMonotonic", "egressd-lockdown.service"),
            moment("InactiveExitTimestampMonotonic", "link.service"));
  ASSERT_EQ(machine->shell("touch /run/go").exit_code, 0);
  ASSERT_TRUE(machine->becomes_active()) << machine->journal();
  await_attempts();
  EXPECT_TRUE(reaches(kLiteral));
  expect_nothing_left();
}

TEST_F(LockdownBoot, ADaemonThatDiesAtOnceLeavesTheHostClosed) {
  add_link();
  files.add_drop_in("egressd.service", "[Service]\nExecStart=\nExecStart=/bin/false\n");
  boot();
  await_attempts();
  EXPECT_TRUE(eventually([&] { return std::stoi(machine->property("NRestarts")) >= 3; }))
      << machine->journal();
  EXPECT_TRUE(reaches(kLiteral));
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  EXPECT_LE(moment("ActiveEnterTimestampMonotonic", "egressd-lockdown.service"),
            moment("InactiveExitTimestampMonotonic", "link.service"));
  expect_nothing_left();
}

// The lockdown alone first, then the daemon as well; nobody answers questions.
TEST_F(LockdownBoot, WhatWasKnownIsOpenAfterARebootWithoutAResolver) {
  add_link();
  files.add_drop_in("egressd.service", "[Unit]\nConditionPathExists=!/etc/hold\n");
  DnsServer dns(lab.net());
  dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
  boot();
  ASSERT_TRUE(reaches(kApi4)) << machine->journal();
  ASSERT_TRUE(reaches(kApi6));
  ASSERT_TRUE(eventually([&] {
    return machine->shell("test $(grep -c openai /var/lib/egressd/known-addresses) = 2")
               .exit_code == 0;
  }));
  ASSERT_EQ(machine->shell("touch /etc/hold").exit_code, 0);
  dns.stop();

  machine->reboot();
  await_attempts();
  EXPECT_TRUE(reaches(kApi4)) << machine->journal("egressd-lockdown.service");
  EXPECT_TRUE(reaches(kApi6));
  EXPECT_EQ(machine->property("ActiveState"), "inactive");
  EXPECT_EQ(tcp(kOther4), Seen::refused);

  ASSERT_EQ(machine->shell("rm /etc/hold; systemctl start egressd.service").exit_code, 0)
      << machine->journal();
  EXPECT_TRUE(reaches(kApi4));
  EXPECT_TRUE(reaches(kApi6));
  EXPECT_TRUE(reaches(kLiteral));
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  expect_nothing_left();
}

TEST_F(LockdownBoot, FiftyRestartsLetNothingOut) {
  add_link();
  boot();
  ASSERT_TRUE(machine->becomes_active()) << machine->journal();
  await_attempts();
  const auto start = std::chrono::steady_clock::now();
  const Finished restarts = machine->shell(
      "for i in $(seq 50); do systemctl restart egressd.service && systemctl is-active -q "
      "egressd.service || exit 1; done");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(restarts.exit_code, 0) << machine->journal();
  std::cout << "a restart until READY took "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() / 50
            << " ms on average\n";
  const Finished ready = machine->shell("journalctl -u egressd.service | grep -c 'event=ready'");
  EXPECT_EQ(ready.output, "51\n");
  await_attempts();
  EXPECT_TRUE(reaches(kLiteral));
  expect_nothing_left();
}

}  // namespace
}  // namespace egress::test
