// A policy on trial: it reverts unless it is confirmed, whatever dies meanwhile.
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "net/net_test.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class Apply : public NetTest {
 protected:
  Apply() {
    dns.set("api.openai.com", {.addresses = {kApi4}});
    std::ofstream(candidate) << policy("api.openai.com:443, \"" + std::string(kOther4) + ":443\"");
  }
  bool is_new() { return tcp(kOther4) == Seen::answered; }
  bool is_old() { return tcp(kOther4) == Seen::refused; }
  std::string on_disk(const char* name = "egressd.yaml") const {
    std::ifstream held(lab.dir() / "etc" / name);
    return {std::istreambuf_iterator<char>(held), {}};
  }
  Finished apply(const Daemon& daemon, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"apply", candidate.string(), "--policy", file});
    return daemon.egressctl(more);
  }

  const std::filesystem::path candidate = lab.dir() / "candidate.yaml";
  const std::string file = lab.dir() / "etc/egressd.yaml";
  const std::string old = policy("api.openai.com:443");
};

TEST_F(Apply, TellsTheRiskOfAPresetThatIsNew) {
  const Daemon daemon(lab, policy("preset:pypi"));
  std::ofstream(candidate) << policy("preset:pypi, preset:npm");
  const Finished applied = apply(daemon);
  EXPECT_EQ(applied.exit_code, 0) << applied.output;
  EXPECT_NE(applied.output.find("tcp/registry.npmjs.org:443  upload\n    with a token"),
            std::string::npos)
      << applied.output;
  EXPECT_EQ(applied.output.find("tcp/pypi.org:443"), std::string::npos) << "that was there before";
}

TEST_F(Apply, WritesTheFileAndKeepsTheOldOne) {
  const Daemon daemon(lab, old);
  ASSERT_EQ(chmod((lab.dir() / "etc/egressd.yaml").c_str(), 0640), 0);
  ASSERT_EQ(chown((lab.dir() / "etc/egressd.yaml").c_str(), 0, kNobody), 0);
  ASSERT_TRUE(is_old());
  const Finished applied = apply(daemon);
  EXPECT_EQ(applied.exit_code, 0) << applied.output;
  EXPECT_TRUE(eventually([&] { return is_new(); }));
  EXPECT_EQ(on_disk("egressd.yaml.before"), old);
  struct stat info {};
  ASSERT_EQ(stat((lab.dir() / "etc/egressd.yaml").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  EXPECT_EQ(info.st_gid, kNobody);
}

TEST_F(Apply, TheSameFileAgainChangesNothing) {
  const Daemon daemon(lab, old);
  ASSERT_EQ(apply(daemon).exit_code, 0);
  const std::string now = on_disk();
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--confirm", "30s"}}) {
    const Finished again = apply(daemon, more);
    EXPECT_EQ(again.exit_code, 0) << again.output;
    EXPECT_NE(again.output.find("nothing changed"), std::string::npos) << again.output;
    EXPECT_EQ(on_disk("egressd.yaml.before"), old);
    EXPECT_EQ(on_disk(), now);
  }
  EXPECT_EQ(daemon.ask<control::StatusReply>(control::StatusRequest{}).unconfirmed_s, std::nullopt);
}

TEST_F(Apply, TellsEverySettingThatItChanges) {
  const Daemon daemon(lab, old);
  std::ofstream(candidate) << "version: 1\nmode: audit\nforward: []\ndns: { mode: guard, "
                              "refuse_with: refused, wildcard_rate: 9/h }\n"
                              "services: { dhcp: false, ntp: [t.example] }\nlimits: { min_ttl: 2s, "
                              "max_ttl: 2h, grace: 31s, stale: 2h }\n"
                              "allow: [{ host: api.openai.com, private: true }]\n";
  const Finished applied = apply(daemon);
  EXPECT_EQ(applied.exit_code, 0) << applied.output;
  for (const char* name :
       {"mode ", "forward ", "resolvers ", "dns ", "dns.refuse_with ", "dns.wildcard_rate ",
        "services.dhcp ", "services.ntp ", "limits.min_ttl ", "limits.max_ttl ", "limits.grace ",
        "limits.stale ", "tcp/api.openai.com:443 "})
    EXPECT_NE(applied.output.find(std::string("\n") + name), std::string::npos) << name << " in\n"
                                                                                << applied.output;
}

TEST_F(Apply, ABrokenFileChangesNothing) {
  const Daemon daemon(lab, old);
  std::ofstream(candidate) << policy("nonsense:port");
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--confirm", "30s"}}) {
    const Finished applied = apply(daemon, more);
    EXPECT_EQ(applied.exit_code, 1);
    EXPECT_NE(applied.output.find("candidate.yaml:6:"), std::string::npos) << applied.output;
  }
  EXPECT_EQ(on_disk(), old);
  EXPECT_EQ(daemon.egressctl({"reload"}).exit_code, 0) << "no policy is on trial";
}

TEST_F(Apply, WithoutAConfirmationItReverts) {
  const Daemon daemon(lab, old);
  ASSERT_TRUE(is_old());
  const Finished applied = apply(daemon, {"--confirm", "8s"});
  ASSERT_EQ(applied.exit_code, 0) << applied.output;
  EXPECT_TRUE(is_new());
  EXPECT_EQ(on_disk(), old);
  const Finished status = daemon.egressctl({"status"});
  EXPECT_NE(status.output.find("unconfirmed policy, reverts in "), std::string::npos);
  const Finished reload = daemon.egressctl({"reload"});
  EXPECT_EQ(reload.exit_code, 1);
  EXPECT_NE(reload.output.find("egressctl confirm"), std::string::npos) << reload.output;
  EXPECT_EQ(apply(daemon, {"--confirm", "8s"}).exit_code, 1) << "one at a time";
  EXPECT_TRUE(eventually([&] { return is_old(); }));
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  EXPECT_NE(daemon.log().find("event=policy-reverted"), std::string::npos);
  EXPECT_EQ(daemon.egressctl({"confirm", "--policy", file}).exit_code, 1) << "too late";
  EXPECT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
}

// What was allowed meanwhile builds on the old policy afterwards.
TEST_F(Apply, AnAdditionMadeMeanwhileSurvivesTheReversal) {
  const Daemon daemon(lab, old);
  ASSERT_EQ(apply(daemon, {"--confirm", "4s"}).exit_code, 0);
  ASSERT_EQ(daemon.egressctl({"allow", "203.0.114.7:443"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return is_old(); }));
  EXPECT_EQ(tcp("203.0.114.7"), Seen::answered);
  ASSERT_EQ(daemon.egressctl({"allow", "203.0.114.8:443"}).exit_code, 0);
  EXPECT_TRUE(is_old());
}

TEST_F(Apply, ItRevertsWhenTheDaemonDiesOrStops) {
  Daemon daemon(lab, old);
  ASSERT_EQ(apply(daemon, {"--confirm", "1h"}).exit_code, 0);
  ASSERT_TRUE(is_new());
  daemon.crash();
  daemon.start();
  EXPECT_TRUE(is_old());
  ASSERT_EQ(apply(daemon, {"--confirm", "1h"}).exit_code, 0);
  ASSERT_TRUE(is_new());
  daemon.terminate();
  EXPECT_TRUE(is_old());
}

// Not even as what a start with a broken file falls back to.
TEST_F(Apply, APolicyOnTrialIsNotTheLastGoodOne) {
  Daemon daemon(lab, old);
  ASSERT_EQ(apply(daemon, {"--confirm", "1h"}).exit_code, 0);
  ASSERT_TRUE(is_new());
  daemon.ask<control::StatusReply>(control::StatusRequest{});
  std::this_thread::sleep_for(1500ms);  // limits::kSaveSoon and some
  daemon.crash();
  daemon.write_policy("nonsense");
  daemon.start();
  EXPECT_TRUE(is_old());
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
}

TEST_F(Apply, ConfirmKeepsItForGood) {
  Daemon daemon(lab, old);
  ASSERT_EQ(apply(daemon, {"--confirm", "20s"}).exit_code, 0);
  const Finished confirmed = daemon.egressctl({"confirm", "--policy", file});
  EXPECT_EQ(confirmed.exit_code, 0) << confirmed.output;
  EXPECT_EQ(on_disk("egressd.yaml.before"), old);
  EXPECT_NE(on_disk(), old);
  EXPECT_EQ(daemon.ask<control::StatusReply>(control::StatusRequest{}).unconfirmed_s, std::nullopt);
  EXPECT_TRUE(is_new());
  daemon.crash();
  daemon.start();
  EXPECT_TRUE(is_new());
}

}  // namespace
}  // namespace egress::test
