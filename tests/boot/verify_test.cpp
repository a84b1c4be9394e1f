// The proof as a unit of systemd: it passes where the host is closed, fails loudly where it is not,
// and sees what a unit of its own can reach.
#include <gtest/gtest.h>

#include <memory>

#include "boot/machine.hpp"

namespace egress::test {
namespace {

constexpr const char* kHole =
    "nft 'table ip other { chain output { type nat hook output priority -150; ";
constexpr const char* kHoleEnd = " ip daddr 140.82.112.4 dnat to 162.159.140.245; }; }'";

class VerifyUnit : public ::testing::Test {
 protected:
  VerifyUnit() {
    files.copy(lab.dir() / "ca.pem", "etc/lab-ca.pem");
    files.write("etc/systemd/system/told.service",
                "[Service]\nType=oneshot\nExecStart=/bin/touch /run/told\n");
    files.write("etc/systemd/system/agent.service", "[Service]\nExecStart=/bin/sleep infinity\n");
    files.add_drop_in("egressd-verify.service",
                      "[Unit]\nOnFailure=told.service\n"
                      "[Service]\nEnvironment=SSL_CERT_FILE=/etc/lab-ca.pem\n");
    machine = std::make_unique<Machine>(MachineOptions{.files = files.folder(), .in = lab.host()});
    EXPECT_TRUE(machine->becomes_active()) << machine->journal();
    machine->configure(
        "sed -i 's/^version: 1/version: 1\\nresolvers: [10.77.0.1]/' /etc/egressd/egressd.yaml;"
        "egressctl reload; egressctl allow api.openai.com:443");
  }
  int prove() const {
    return machine->execute({"systemctl", "start", "egressd-verify.service"}).exit_code;
  }
  std::string errors_told() const {
    return machine->execute({"journalctl", "-b", "-p", "err", "-u", "egressd-verify.service"})
        .output;
  }
  bool was_told() const { return machine->execute({"test", "-e", "/run/told"}).exit_code == 0; }

  Lab lab{Lab::Servers::all};
  MachineFiles files;
  std::unique_ptr<Machine> machine;
};

TEST_F(VerifyUnit, PassesOnAClosedHostAndFailsLoudlyOnAnOpenOne) {
  ASSERT_TRUE(eventually([&] { return prove() == 0; }))
      << machine->journal("egressd-verify.service");
  EXPECT_EQ(machine->execute({"test", "-s", "/var/lib/egressd-verify/latest.html"}).exit_code, 0);
  machine->configure("rm -f /run/told");

  machine->configure(std::string(kHole) + kHoleEnd);
  EXPECT_NE(prove(), 0);
  EXPECT_EQ(machine->property("ActiveState", "egressd-verify.service"), "failed");
  EXPECT_TRUE(eventually([&] { return was_told(); })) << "OnFailure=";
  const std::string errors = errors_told();
  EXPECT_NE(errors.find("LEAK: github.com by address"), std::string::npos) << errors;
  EXPECT_NE(errors.find("LEAK: 1 probe got through"), std::string::npos) << errors;
  EXPECT_EQ(errors.find("google.com by address"), std::string::npos) << "that was refused";
}

TEST_F(VerifyUnit, TriesTheHostsOfTheHostsOwnFile) {
  machine->configure(
      "printf '%s\\n' 'hosts:' '- {name: one.example, v4: 203.0.113.81, v6: \"2001:db8:f::81\"}' "
      "'- {name: two.example, v4: 203.0.113.82, v6: \"2001:db8:f::82\"}' "
      ">/etc/egressd/outside.yaml");
  ASSERT_TRUE(eventually([&] { return prove() == 0; }))
      << machine->journal("egressd-verify.service");
  const std::string report = machine->shell("cat /var/lib/egressd-verify/latest.xml").output;
  EXPECT_NE(report.find("two.example by address"), std::string::npos);
  EXPECT_EQ(report.find("github.com"), std::string::npos);
  machine->configure("echo 'hosts: []' >/etc/egressd/outside.yaml");
  EXPECT_NE(prove(), 0) << "a file that cannot be used is no reason to try others";
  EXPECT_NE(errors_told().find("outside.yaml:1:8: too few"), std::string::npos)
      << machine->journal("egressd-verify.service");
}

TEST_F(VerifyUnit, TheTimerIsForWhoEnablesIt) {
  const auto state = [&] {
    return machine->shell("systemctl is-enabled egressd-verify.timer").output;
  };
  EXPECT_EQ(state(), "disabled\n");
  machine->configure("systemctl enable --now egressd-verify.timer");
  EXPECT_EQ(state(), "enabled\n");
  EXPECT_EQ(machine->property("ActiveState", "egressd-verify.timer"), "active");
  EXPECT_NE(machine->property("NextElapseUSecRealtime", "egressd-verify.timer"), "");
}

// That the cgroup is the unit's own: VerifyFrom.AUnitSeesWhatItsCgroupCanReach.
TEST_F(VerifyUnit, ProbesFromInsideAnotherUnitWhileItRuns) {
  const auto verify = [&] {
    return machine->execute(
        {"egressctl", "verify", "--ca", "/etc/lab-ca.pem", "--unit", "agent.service"});
  };
  const Finished absent = verify();
  EXPECT_EQ(absent.exit_code, 2) << absent.output;
  EXPECT_NE(absent.output.find("no unit \"agent.service\" runs"), std::string::npos);
  machine->configure("systemctl start agent.service");
  ASSERT_TRUE(eventually([&] { return verify().exit_code == 0; })) << verify().output;
  EXPECT_NE(verify().output.find("probed in unit agent.service"), std::string::npos);
  EXPECT_EQ(machine->shell("find /sys/fs/cgroup -name 'egressctl-verify-*'").output, "");
  EXPECT_EQ(machine->property("ActiveState", "agent.service"), "active");
}

}  // namespace
}  // namespace egress::test
