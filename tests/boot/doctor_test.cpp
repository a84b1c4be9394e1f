// `egressctl doctor` where egressd is installed as it ships, on a host with accounts of its own.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "boot/machine.hpp"

namespace egress::test {
namespace {

class DoctorBoot : public ::testing::Test {
 protected:
  struct Verdict {
    int exit_code = 0;
    bool is_weak = false;
    std::map<std::string, nlohmann::json> findings;  // by subject

    std::string severity(const std::string& subject) const {
      return findings.contains(subject) ? findings.at(subject).at("severity") : "no such finding";
    }
    std::string found(const std::string& subject) const { return findings.at(subject).at("found"); }
    std::string remedy(const std::string& subject) const {
      return findings.at(subject).at("remedy");
    }
  };

  void SetUp() override {
    ASSERT_TRUE(machine.becomes_active()) << machine.journal();
    machine.configure("useradd coder; groupadd --force docker");
  }
  Verdict examine() const {
    const Finished finished =
        machine.execute({"egressctl", "doctor", "--json", "--agent-user", "coder"});
    const auto json = nlohmann::json::parse(finished.output);
    Verdict verdict{finished.exit_code, json.at("weak"), {}};
    for (const auto& finding : json.at("findings"))
      verdict.findings[finding.at("subject")] = finding;
    return verdict;
  }

  const Machine machine;
};

TEST_F(DoctorBoot, FindsNothingWeakAboutAFreshInstall) {
  const Verdict verdict = examine();
  for (const auto& [subject, finding] : verdict.findings)
    EXPECT_NE(finding.at("severity"), "weak") << finding;
  EXPECT_FALSE(verdict.is_weak);
  EXPECT_EQ(verdict.exit_code, 0);
  for (const char* subject : {"boot", "control", "dns", "drift", "enforcement", "group docker",
                              "group egress", "group sudo", "table"})
    EXPECT_EQ(verdict.severity(subject), "ok") << subject;
  EXPECT_TRUE(verdict.found("table").starts_with("owned: ")) << "the tier of this kernel";
  EXPECT_TRUE(verdict.found("control").starts_with("/run/egressd/control.sock (egressd:egressd "))
      << verdict.found("control");
}

// And its remedy is one.
TEST_F(DoctorBoot, FindsTheAgentInEachGroupThatLeadsToRoot) {
  for (const std::string group : {"sudo", "docker", "egress"}) {
    machine.configure("gpasswd -a coder " + group);
    const Verdict verdict = examine();
    EXPECT_EQ(verdict.exit_code, 1);
    EXPECT_TRUE(verdict.is_weak);
    EXPECT_EQ(verdict.severity("group " + group), "weak");
    EXPECT_EQ(verdict.found("group " + group), "the agent's user is a member: coder");
    const std::string remedy = verdict.remedy("group " + group);
    machine.configure(remedy.substr(0, remedy.find(';')));
    EXPECT_EQ(examine().exit_code, 0) << remedy;
  }
}

TEST_F(DoctorBoot, FindsAControlSocketThatOthersCouldReplace) {
  machine.configure("chmod 0777 /run/egressd");
  const Verdict verdict = examine();
  EXPECT_EQ(verdict.exit_code, 1);
  EXPECT_EQ(verdict.severity("control"), "weak");
  machine.configure(verdict.remedy("control"));
  EXPECT_EQ(examine().severity("control"), "ok");
}

TEST_F(DoctorBoot, TellsTheLowerTier) {
  machine.configure(
      "mkdir -p /run/systemd/system/egressd.service.d\n"
      "printf '[Service]\\nExecStart=\\nExecStart=%s --shared-table\\n' $(readlink "
      "/proc/$(systemctl "
      "show --value -p MainPID egressd)/exe) >/run/systemd/system/egressd.service.d/tier.conf\n"
      "systemctl stop egressd; nft flush ruleset\n"
      "systemctl daemon-reload; systemctl start egressd");
  EXPECT_EQ(examine().severity("table"), "note");
  EXPECT_TRUE(examine().found("table").starts_with("watched: "));
  machine.configure("nft flush ruleset");
  EXPECT_TRUE(eventually([&] { return examine().severity("table") == "weak"; }));
}

TEST_F(DoctorBoot, FindsABootThatIsNotClosed) {
  machine.configure("systemctl disable egressd.service egressd-lockdown.service");
  const Verdict verdict = examine();
  EXPECT_EQ(verdict.exit_code, 1);
  EXPECT_EQ(verdict.severity("boot"), "weak");
}

}  // namespace
}  // namespace egress::test
