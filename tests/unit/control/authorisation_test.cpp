// Reading is open to every local user; changing needs root or the group.
#include "unit/control/as_user.hpp"
#include "unit/control/server_fixture.hpp"

namespace egress::control {
namespace {

const std::string kAllowLine = "{\"command\":\"allow\",\"targets\":[\"a.example\"]}\n";
const std::string kDenyLine = "{\"command\":\"deny\",\"targets\":[\"a.example\"]}\n";
constexpr const char* kGroup = "users";  // stands for "egress", which the machine may lack

class AuthorisationTest : public ServerTest {
 protected:
  void SetUp() override {
    start(kGroup);
    const auto gid = group_id(kGroup);
    ASSERT_TRUE(gid) << "this machine has no group " << kGroup;
    group = *gid;
  }

  // The peer is who connects; sending and receiving come later.
  std::string ask_as(uid_t uid, gid_t gid, const std::vector<gid_t>& groups,
                     const std::string& line) {
    std::optional<RawClient> client;
    {
      const AsUser as(uid, gid, groups);
      client.emplace(path);
    }
    client->send(line);
    pump();
    client->read();
    if (client->lines().empty()) return "no reply";
    const auto reply = decode_reply(client->lines().front());
    return reply ? code_of(*reply) : reply.error().message;
  }

  gid_t group = 0;
};

TEST_F(AuthorisationTest, RootMayChange) {
  for (const auto& line : {kAllowLine, kDenyLine, kReloadLine})
    EXPECT_EQ(ask_as(0, 0, {}, line), "done");
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].peer.text(), "root (uid 0)");
  EXPECT_EQ(seen[0].peer.pid, getpid());
}

TEST_F(AuthorisationTest, GroupMembersMayChangeAndTheSameUserWithoutTheGroupMayNot) {
  for (const auto& line : {kAllowLine, kDenyLine, kReloadLine}) {
    EXPECT_EQ(ask_as(kNobody, kNobody, {group}, line), "done");  // positive control
    EXPECT_EQ(ask_as(kNobody, kNobody, {}, line), "denied");
  }
  ASSERT_EQ(seen.size(), 3U) << "a denied request must not reach the daemon";
  EXPECT_EQ(seen[0].peer.text(), "nobody (uid 65534)");
}

TEST_F(AuthorisationTest, PanicResumeAndConfirmNeedTheGroup) {
  for (const char* command : {"panic", "resume", "confirm"}) {
    const std::string line = std::string("{\"command\":\"") + command + "\"}\n";
    EXPECT_EQ(ask_as(kNobody, kNobody, {group}, line), "done") << "positive control";
    EXPECT_EQ(ask_as(kNobody, kNobody, {}, line), "denied") << command;
  }
}

TEST_F(AuthorisationTest, OpenAndApplyNeedRootItself) {
  for (const std::string& line : {std::string("{\"command\":\"open\"}\n"),
                                  std::string("{\"command\":\"apply\",\"text\":\"\"}\n")}) {
    EXPECT_EQ(ask_as(0, 0, {}, line), "done") << "positive control";
    EXPECT_EQ(ask_as(kNobody, kNobody, {}, line), "denied");
    EXPECT_EQ(ask_as(kNobody, group, {group, 0}, line), "denied") << line;
  }
  EXPECT_EQ(seen.size(), 2U) << "a denied request must not reach the daemon";
}

TEST_F(AuthorisationTest, ThePrimaryGroupCounts) {
  EXPECT_EQ(ask_as(kNobody, group, {}, kReloadLine), "done");
}

TEST_F(AuthorisationTest, GroupZeroIsNotRoot) {
  EXPECT_EQ(ask_as(kNobody, 0, {0}, kReloadLine), "denied");
}

TEST_F(AuthorisationTest, OneGroupAmongManyCounts) {
  std::vector<gid_t> groups;
  for (gid_t gid = 5000; gid < 5200; ++gid) groups.push_back(gid);
  EXPECT_EQ(ask_as(kNobody, kNobody, groups, kReloadLine), "denied");
  groups.push_back(group);
  EXPECT_EQ(ask_as(kNobody, kNobody, groups, kReloadLine), "done");
}

TEST_F(AuthorisationTest, EveryoneMayRead) {
  for (const char* command : {"list", "status", "diff", "refusals", "proof"}) {
    EXPECT_EQ(ask_as(kNobody, kNobody, {}, std::string("{\"command\":\"") + command + "\"}\n"),
              "done")
        << command;
  }
  EXPECT_EQ(ask_as(kNobody, kNobody, {}, "{\"command\":\"why\",\"target\":\"a.example\"}\n"),
            "done");
}

TEST_F(AuthorisationTest, ADryRunIsNoWayRoundTheRight) {
  EXPECT_EQ(ask_as(kNobody, kNobody, {},
                   "{\"command\":\"allow\",\"targets\":[\"a.example\"],\"dry_run\":true}\n"),
            "denied");
}

TEST_F(AuthorisationTest, TheDenialNamesTheUserAndTheRemedy) {
  std::optional<RawClient> client;
  {
    const AsUser as(kNobody, kNobody, {});
    client.emplace(path);
  }
  client->send(kReloadLine);
  pump();
  client->read();
  ASSERT_EQ(client->lines().size(), 1U);
  const auto reply = decode_reply(client->lines().front());
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<Refused>(*reply).message,
            "nobody (uid 65534) may not change the policy: run as root (sudo), or as a member of "
            "the group \"users\" "
            "(after joining it, log in again)");
}

class NoGroupTest : public AuthorisationTest {
  void SetUp() override { start("no-such-group-here"); }
};

TEST_F(NoGroupTest, WithoutTheGroupOnlyRootMayChange) {
  EXPECT_EQ(ask_as(0, 0, {}, kReloadLine), "done");
  EXPECT_EQ(ask_as(kNobody, kNobody, {100}, kReloadLine), "denied");
  EXPECT_EQ(ask_as(kNobody, kNobody, {}, kStatusLine), "done");
}

}  // namespace
}  // namespace egress::control
