// What a disk can do to a boot: the host is closed all the same, and egressd says what it cannot
// do.
#include "adapters/state/known_addresses.hpp"
#include "boot/flooded.hpp"

namespace egress::test {
namespace {

class StorageBoot : public Flooded {
 protected:
  StorageBoot() { add_link(); }

  void expect_enforcing() {
    ASSERT_TRUE(machine->becomes_active()) << machine->journal();
    await_attempts();
    EXPECT_TRUE(reaches(kLiteral));
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    expect_nothing_left();
  }
  bool says(const std::string& text) const {
    return machine->journal().find(text) != std::string::npos;
  }
};

TEST_F(StorageBoot, ACorruptedStateFileIsSetAside) {
  const auto soon = std::chrono::floor<seconds>(std::chrono::system_clock::now()) + 1h;
  std::string known = state::print_known_addresses(
      {{*DnsName::parse("api.openai.com"), *IpAddress::parse(kApi4), soon}});
  known[known.find(kApi4)] = '2';
  files.write("var/lib/egressd/known-addresses", known);
  boot();
  expect_enforcing();
  EXPECT_EQ(tcp(kApi4), Seen::refused);
  EXPECT_EQ(machine->shell("ls /var/lib/egressd/known-addresses.corrupt-1").exit_code, 0);
  EXPECT_NE(machine->execute({"egressctl", "status"}).output.find("set aside"), std::string::npos);
  EXPECT_NE(machine->journal("egressd-lockdown.service").find("known-addresses-not-restored"),
            std::string::npos);
}

TEST_F(StorageBoot, AFullDiskIsToldAndChangesNothing) {
  files.add_unit("fill.service",
                 "[Unit]\nDefaultDependencies=no\nBefore=egressd-lockdown.service\n[Service]\n"
                 "Type=oneshot\nExecStart=-/bin/dd if=/dev/zero of=/var/lib/egressd/ballast\n");
  boot({"--tmpfs=/var/lib/egressd:size=64k"});
  expect_enforcing();
  const Finished allow = machine->execute({"egressctl", "allow", "203.0.114.8:443"});
  EXPECT_EQ(allow.exit_code, 1);
  EXPECT_NE(allow.output.find("No space left on device"), std::string::npos) << allow.output;
  EXPECT_EQ(tcp("203.0.114.8"), Seen::refused);
  EXPECT_TRUE(says("event=last-good-not-kept")) << machine->journal();
  EXPECT_TRUE(says("No space left on device")) << machine->journal();
}

TEST_F(StorageBoot, AReadOnlyVarIsToldAndChangesNothing) {
  boot({"--bind-ro=+/var:/var"});
  expect_enforcing();
  EXPECT_NE(machine->shell("touch /var/lib/egressd/x").exit_code, 0) << "positive control";
  EXPECT_TRUE(says("event=last-good-not-kept")) << machine->journal();
  EXPECT_TRUE(says("Read-only file system")) << machine->journal();
}

}  // namespace
}  // namespace egress::test
