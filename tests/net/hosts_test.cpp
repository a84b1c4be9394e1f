// Names that this host has by itself: /etc/hosts, and those that lead to it.
#include <fstream>

#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

constexpr const char* kItself4 = "10.77.0.2";

class HostNames : public GuardTest {
 protected:
  // The daemon sees this file as /etc/hosts.
  void bring_hosts(Daemon& daemon, const std::string& text) const {
    const std::string file = lab.dir() / "hosts";
    std::ofstream(file) << text;
    daemon.set_launcher({"unshare", "--mount", "sh", "-ec",
                         "mount --bind " + file + " /etc/hosts; exec \"$@\"", "sh"});
    daemon.terminate();
    daemon.start();
  }
  static bool says(const Finished& finished, const std::string& text) {
    return finished.output.find(text) != std::string::npos;
  }
};

TEST_F(HostNames, OfAFileThatIsNotFollowedAreNeverCalledAllowedWhereTheyAreRefused) {
  dns.set("api.openai.com", {.addresses = {kApi4}});
  Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] {
    return daemon.egressctl({"why", "api.openai.com"}).exit_code == 0;
  })) << "the resolvers alone decide";
  bring_hosts(daemon, std::string(kOther4) + " api.openai.com mirror.corp\n127.0.1.1 thishost\n");
  ASSERT_EQ(tcp(kOther4), Seen::refused) << "where a program of this host goes";
  const std::string remedy = "egressctl allow " + std::string(kOther4) + ":443";
  const Finished why = daemon.egressctl({"why", "api.openai.com"});
  EXPECT_EQ(why.exit_code, 1) << why.output;
  EXPECT_TRUE(says(why, "/etc/hosts has it at") && says(why, remedy)) << why.output;
  for (const char* target : {"mirror.corp:443", "*.mirror.corp:443", "*.openai.com:443"}) {
    const Finished allow = daemon.egressctl({"allow", target, "--dry-run"});
    EXPECT_EQ(says(allow, "egressd does not follow that file: " + remedy),
              std::string_view(target) != "*.mirror.corp:443")
        << allow.output;
  }
  const Finished allow = daemon.egressctl({"allow", "mirror.corp:443", "--optional"});
  EXPECT_TRUE(says(allow, "egressd does not follow that file: " + remedy)) << allow.output;
  EXPECT_TRUE(says(daemon.egressctl({"doctor"}), remedy));
  for (const char* command : {"list", "status"}) {
    const Finished shown = daemon.egressctl({command});
    EXPECT_EQ(shown.exit_code, 0) << command;
    EXPECT_TRUE(says(shown, "api.openai.com to " + std::string(kOther4)) && says(shown, remedy))
        << shown.output;
  }
  EXPECT_FALSE(says(daemon.egressctl({"list"}), "mirror.corp:443 to"));
  ASSERT_EQ(daemon.egressctl({"allow", std::string(kOther4) + ":443"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  for (const char* name : {"api.openai.com", "mirror.corp"}) {
    const Finished open = daemon.egressctl({"why", name});
    EXPECT_EQ(open.exit_code, 0) << open.output;
  }
  for (const char* command : {"doctor", "list", "status"})
    EXPECT_FALSE(says(daemon.egressctl({command}), remedy)) << command;
  EXPECT_EQ(daemon.egressctl({"why", "thishost:8080"}).exit_code, 0);
}

TEST_F(HostNames, ThatLeadToThisHostAreAlwaysReportedOpen) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  const auto expect_open = [&] {
    for (const char* target : {"localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:80",
                               "[::1]:80", "::1", "127.8.8.8", kItself4})
      EXPECT_EQ(daemon.egressctl({"why", target}).exit_code, 0) << target;
    EXPECT_EQ(daemon.egressctl({"why", kOther4}).exit_code, 1);
  };
  expect_open();
  ASSERT_EQ(daemon.egressctl({"panic", "--yes"}).exit_code, 0);
  expect_open();
}

TEST_F(HostNames, ThatTheResolversLeadToThisHostAreToldWhereTheEntryIsPrivate) {
  dns.set("llm.corp.example", {.addresses = {kItself4}});
  Daemon daemon(lab, guarded_policy("{ host: llm.corp.example, port: 80 }"));
  EXPECT_TRUE(is_blocked(ask("llm.corp.example")));
  EXPECT_TRUE(says(daemon.egressctl({"why", "llm.corp.example:80"}), "allow --private"));
  daemon.write_policy(guarded_policy("{ host: llm.corp.example, port: 80, private: true }"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  ASSERT_TRUE(eventually([&] { return rcode_of(ask("llm.corp.example")) == kNoError; }));
  EXPECT_EQ(ask("llm.corp.example")->texts(kTypeA), std::vector<std::string>{kItself4});
  EXPECT_EQ(daemon.egressctl({"why", "llm.corp.example:80"}).exit_code, 0);
  EXPECT_FALSE(says(daemon.egressctl({"list"}), "failing"));
}

}  // namespace
}  // namespace egress::test
