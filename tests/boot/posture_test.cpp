// What a reboot does to postures and to a policy on trial, after an orderly shutdown and after the
// power went: panic stays, everything that is more open than the policy goes.
#include "boot/flooded.hpp"

namespace egress::test {
namespace {

struct Restart {
  const char* name;
  void (Machine::*again)();
};
void PrintTo(const Restart& restart, std::ostream* out) {
  *out << restart.name;
}

class PostureBoot : public Flooded, public ::testing::WithParamInterface<Restart> {
 protected:
  PostureBoot() {
    add_link();
    // So that what the lockdown does can be told from what the daemon does.
    files.add_drop_in("egressd.service", "[Unit]\nConditionPathExists=!/etc/hold\n");
    boot();
  }

  void expect_enforcing() {
    ASSERT_TRUE(machine->becomes_active()) << machine->journal();
    EXPECT_TRUE(reaches(kLiteral)) << machine->journal();
    EXPECT_EQ(tcp(kOther4), Seen::refused);
  }
  void egressctl(const std::string& words) const { machine->configure("egressctl " + words); }
  void start_again() { ((*machine).*GetParam().again)(); }
  // First the lockdown alone, then the daemon as well.
  void start_again_without_daemon() {
    machine->configure("touch /etc/hold; sync");
    start_again();
  }
  // What was reachable before is not, by the lockdown alone and then with the daemon.
  void expect_closed_again() {
    await_attempts();
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    start_daemon();
    expect_enforcing();
  }
  void start_daemon() const { machine->configure("rm /etc/hold; systemctl start egressd.service"); }
};

TEST_P(PostureBoot, PanicStays) {
  expect_enforcing();
  egressctl("panic");
  EXPECT_EQ(tcp(kLiteral), Seen::refused);
  start_again_without_daemon();
  Tap after(lab.net(), "");
  const auto expect_panic = [&] {
    EXPECT_EQ(tcp(kLiteral), Seen::refused);
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    EXPECT_EQ(after.count(kLiteral) + after.count(kOther4), 0U);
  };
  await_attempts();
  expect_panic();
  start_daemon();
  EXPECT_NE(machine->execute({"egressctl", "status"}).output.find("PANIC"), std::string::npos);
  await_attempts();
  expect_panic();
  expect_nothing_left(after);
  egressctl("resume");
  expect_enforcing();
}

TEST_P(PostureBoot, OpenGoes) {
  expect_enforcing();
  egressctl("open --yes --for 1h");
  EXPECT_TRUE(reaches(kOther4));
  EXPECT_TRUE(eventually([&] { return flood_seen() == kWholeFlood; })) << "positive control";
  start_again_without_daemon();
  Tap after(lab.net(), "");
  expect_closed_again();
  await_attempts();
  expect_nothing_left(after);
}

TEST_P(PostureBoot, APolicyOnTrialGoes) {
  expect_enforcing();
  machine->configure(
      "cd /root; cp /etc/egressd/egressd.yaml old.yaml\n"
      "sed 's/^allow: \\[/&\"140.82.112.4:443\", /' old.yaml >new.yaml\n"
      "egressctl apply new.yaml --confirm 1h");
  EXPECT_TRUE(reaches(kOther4)) << "positive control";
  start_again_without_daemon();
  Tap after(lab.net(), "");
  expect_closed_again();
  EXPECT_EQ(machine->shell("cmp /root/old.yaml /etc/egressd/egressd.yaml").exit_code, 0);
  EXPECT_EQ(machine->execute({"egressctl", "confirm"}).exit_code, 1) << "nothing is on trial";
  expect_enforcing();
  expect_nothing_left(after);
}

constexpr Restart kRestarts[] = {{"AfterAShutdown", &Machine::reboot},
                                 {"AfterAPowerCut", &Machine::power_cycle}};
INSTANTIATE_TEST_SUITE_P(Each, PostureBoot, ::testing::ValuesIn(kRestarts),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace egress::test
