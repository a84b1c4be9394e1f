// Another root process works against the table while the daemon runs.
#include "net/net_test.hpp"
#include "support/linux_version.hpp"

namespace egress::test {
namespace {

class Tampering : public NetTest {
 protected:
  Tampering() { dns.set("api.openai.com", {.addresses = {kApi4, kApi6}}); }

  bool refuses_others() { return tcp(kOther4) == Seen::refused && tcp(kOther6) == Seen::refused; }
  static std::string status(const Daemon& daemon) { return daemon.egressctl({"status"}).output; }
  bool table_stands() const {
    return lab.on_host({"nft", "list", "tables"}).find("egressd") != std::string::npos;
  }
};

TEST_F(Tampering, AFlushDoesNotReachTheTable) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  lab.nft("table inet other { }\n");
  for (int i = 0; i < 5; ++i) {
    lab.nft("flush ruleset\n");
    EXPECT_TRUE(refuses_others());
    EXPECT_EQ(tcp(kApi4), Seen::answered);
  }
  EXPECT_EQ(lab.on_host({"nft", "list", "tables"}), "table inet egressd\ntable netdev egressd\n")
      << "positive control: the other one went";
  EXPECT_THROW(lab.nft("insert rule inet egressd output accept\n"), std::runtime_error);
  EXPECT_THROW(lab.nft("delete table inet egressd\n"), std::runtime_error);
  EXPECT_TRUE(refuses_others());
  const std::string said = status(daemon);
  EXPECT_NE(said.find("owned: the kernel lets no other program change it"), std::string::npos)
      << said;
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

// What an older kernel offers, where egressd finds that by itself.
TEST_F(Tampering, WhereOthersCanChangeTheTableItIsUndoneAndTheyAreNamed) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  std::vector<std::string> options;
  if (is_linux(6, 9)) options = {"--shared-table"};
  const Daemon daemon(lab, policy("api.openai.com:443"), options);
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  EXPECT_NE(status(daemon).find("(so far: 0)"), std::string::npos) << status(daemon);
  std::uint64_t count = 0;
  for (const char* change :
       {"flush ruleset\n", "insert rule inet egressd output accept\n",
        "delete table inet egressd\n", "chain inet egressd output { policy accept\n }\n"}) {
    lab.nft(change);
    const std::string expected = "(so far: " + std::to_string(++count) + ", the last by nft (pid ";
    EXPECT_TRUE(eventually([&] { return status(daemon).find(expected) != std::string::npos; }))
        << change << status(daemon);
    EXPECT_TRUE(refuses_others()) << change;
    EXPECT_EQ(tcp(kApi4), Seen::answered) << change;
    EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
  }
  EXPECT_NE(daemon.log().find("event=table-tampered by=\"nft (pid "), std::string::npos)
      << daemon.log();
  lab.nft("table inet other { }\n");
  EXPECT_NE(status(daemon).find("so far: 4,"), std::string::npos) << "theirs is theirs";
}

TEST_F(Tampering, ATableWhoseOwnerDiedIsTakenOver) {
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  daemon.crash();
  EXPECT_TRUE(refuses_others());
  daemon.start();
  EXPECT_TRUE(refuses_others());
  lab.nft("flush ruleset\n");
  EXPECT_TRUE(table_stands());
  EXPECT_TRUE(refuses_others());
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

}  // namespace
}  // namespace egress::test
