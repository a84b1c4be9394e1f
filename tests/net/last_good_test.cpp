// The policy that was accepted last: neither a mistake in a file nor a newer file of the system
// takes anything away.
#include <filesystem>
#include <fstream>

#include "net/net_test.hpp"

namespace egress::test {
namespace {

class LastGood : public NetTest {
 protected:
  LastGood() {
    dns.set("api.openai.com", {.addresses = {kApi4}});
    dns.set("api.anthropic.com", {.addresses = {kApi4Second}});
  }
  static bool says(const Finished& finished, const std::string& text) {
    return finished.output.find(text) != std::string::npos;
  }
  bool opens(const std::string& address) {
    return eventually([&] { return tcp(address) == Seen::answered; });
  }
  // What the distribution's package would bring, for the next start.
  void bring_suffixes(Daemon& daemon, const std::string& names) const {
    const std::string list = lab.dir() / "suffixes";
    std::ofstream(list) << names;
    daemon.set_launcher(
        {"unshare", "--mount", "sh", "-ec",
         "mount --bind " + list + " /usr/share/publicsuffix/public_suffix_list.dafsa; exec \"$@\"",
         "sh"});
  }
};

TEST_F(LastGood, AMistakeInTheFileLosesNoAddition) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"allow", "preset:anthropic"}).exit_code, 0);
  daemon.write_policy("version: 1\nalow: []\n");
  daemon.terminate();
  daemon.start();
  const Finished status = daemon.egressctl({"status"});
  EXPECT_EQ(status.exit_code, 1);
  EXPECT_TRUE(says(status, ": enforcing the last good policy; ")) << status.output;
  EXPECT_TRUE(says(status, "egressd.yaml:2:1: unknown key \"alow\"")) << status.output;
  EXPECT_TRUE(opens(kApi4) && opens(kApi4Second));
  EXPECT_TRUE(
      says(daemon.egressctl({"allow", "preset:bedrock@eu-west-1", "--dry-run"}), "would allow"));
  EXPECT_EQ(daemon.egressctl({"allow", std::string(kOther4) + ":443"}).exit_code, 0);
  EXPECT_TRUE(opens(kOther4));
  const Finished deny = daemon.egressctl({"deny", "api.openai.com:443"});
  EXPECT_TRUE(says(deny, "etc/egressd.yaml:6:9")) << "where it was written: " << deny.output;
  EXPECT_TRUE(says(daemon.egressctl({"why", "api.anthropic.com"}), "preset anthropic, root"));
  daemon.write_policy(policy("api.openai.com:443"));
  const Finished reload = daemon.egressctl({"reload"});
  EXPECT_TRUE(says(reload, "nothing changed; entries added: 0, removed: 0")) << reload.output;
  EXPECT_EQ(daemon.egressctl({"status"}).exit_code, 0);
  EXPECT_EQ(tcp(kApi4Second), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  EXPECT_EQ(daemon.egressctl({"deny", "preset:anthropic"}).exit_code, 0);
  EXPECT_EQ(tcp(kApi4Second), Seen::refused);
}

TEST_F(LastGood, ANewerListOfPublicSuffixesClosesNothing) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"allow", "api.anthropic.com:443"}).exit_code, 0);
  ASSERT_TRUE(opens(kApi4));
  daemon.terminate();
  bring_suffixes(daemon, "com\napi.openai.com\napi.anthropic.com\n");
  for (int turn = 0; turn < 2; ++turn) {
    daemon.start();
    EXPECT_EQ(daemon.egressctl({"allow", "api.openai.com:8443"}).exit_code, 1)
        << "positive control";
    EXPECT_TRUE(opens(kApi4) && opens(kApi4Second));
    const Finished status = daemon.egressctl({"status"});
    EXPECT_EQ(status.exit_code, 0);
    EXPECT_TRUE(says(status, ": enforcing\n")) << status.output;
    EXPECT_TRUE(says(status, "\"api.openai.com\" is a public suffix")) << status.output;
    const Finished reload = daemon.egressctl({"reload"});
    EXPECT_EQ(reload.exit_code, 0);
    EXPECT_TRUE(says(reload, "it was accepted before, and stays in force")) << reload.output;
    EXPECT_NE(daemon.log().find("event=policy-warning"), std::string::npos);
    daemon.crash();
  }
}

TEST_F(LastGood, TheLockdownHasTheAdditionsToo) {
  Daemon daemon(lab, policy(std::string(kApi4) + ":443"));
  ASSERT_EQ(daemon.egressctl({"allow", std::string(kOther4) + ":443"}).exit_code, 0);
  daemon.terminate();
  lab.nft("flush ruleset\n");
  ASSERT_EQ(tcp(kApi4Second), Seen::answered) << "positive control: no table stands";
  lab.write_policy("nonsense");
  ASSERT_EQ(lab.lock_down().exit_code, 0);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  EXPECT_EQ(tcp(kApi4Second), Seen::refused);
}

TEST_F(LastGood, NothingAllowedIsNone) {
  Daemon daemon(lab, "nonsense");
  const Finished status = daemon.egressctl({"status"});
  EXPECT_EQ(status.exit_code, 1);
  EXPECT_TRUE(says(status, "enforcing, nothing allowed but the additions; ")) << status.output;
  EXPECT_FALSE(std::filesystem::exists(lab.dir() / "state/last-good-policy.yaml"));
  daemon.write_policy(policy(std::string(kApi4) + ":443"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(daemon.egressctl({"status"}).exit_code, 0);
}

}  // namespace
}  // namespace egress::test
