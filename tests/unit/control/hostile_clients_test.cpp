// Slow, half-open, flooding, crowding clients: each is bounded and none holds up another.
#include <poll.h>
#include <sys/resource.h>

#include "egress/core/limits.hpp"
#include "unit/control/as_user.hpp"
#include "unit/control/server_fixture.hpp"

namespace egress::control {
namespace {

class HostileClientsTest : public ServerTest {
 protected:
  // Of somebody without rights, who have asked at once.
  std::vector<RawClient> three_readers() {
    std::vector<RawClient> readers;
    {
      const AsUser as(kNobody, kNobody, {});
      for (int i = 0; i < 3; ++i) readers.emplace_back(path);
    }
    for (const RawClient& reader : readers) reader.send(kStatusLine);
    return readers;
  }
};

TEST_F(HostileClientsTest, AHalfRequestIsCutOffWhenItsTimeIsUp) {
  start();
  RawClient client(path);
  client.send("{\"command\":");
  pump();
  now += limits::kClientIdle - milliseconds(1);
  pump();
  EXPECT_EQ(server->clients(), 1U);
  EXPECT_EQ(code_of(ask(kStatusLine)), "done") << "others are served meanwhile";
  now += milliseconds(1);
  pump();
  client.read();
  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(HostileClientsTest, SendingByteByByteBuysNoTime) {
  start();
  RawClient client(path);
  for (int i = 0; i < 10; ++i) {
    client.send("{");
    pump();
    now += seconds(1);
  }
  pump();
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(HostileClientsTest, ALineOfTheGreatestLengthPassesAndOneMoreIsRefused) {
  start();
  const AsUser nobody(kNobody, kNobody, {});  // root may send a whole policy
  for (const std::size_t excess : {std::size_t{0}, std::size_t{1}}) {
    std::string line = "{\"command\":\"status\"}";
    line.append(limits::kMessageBytes + excess - line.size() - 1, ' ');
    EXPECT_EQ(code_of(ask(line + "\n")), excess == 0 ? "done" : "invalid");
  }
}

TEST_F(HostileClientsTest, RootMaySendAWholePolicy) {
  start();
  std::string line = "{\"command\":\"status\"}";
  line.append(2 * limits::kMessageBytes - line.size() - 1, ' ');
  RawClient client(path);
  ASSERT_TRUE(client.send(line + "\n"));
  pump(40);  // a piece each turn
  client.read();
  ASSERT_EQ(client.lines().size(), 1U);
  EXPECT_EQ(code_of(*decode_reply(client.lines()[0])), "done");
}

TEST_F(HostileClientsTest, ALineWithoutEndIsRefusedAndClosed) {
  start();
  const AsUser nobody(kNobody, kNobody, {});
  RawClient client(path);
  const std::string flood(16 << 10, 'x');
  for (int i = 0; i < 20 && !client.is_ended(); ++i) {
    client.send(flood);
    pump(1);
    client.read();
  }
  ASSERT_EQ(client.lines().size(), 1U);
  EXPECT_EQ(code_of(*decode_reply(client.lines()[0])), "invalid");
  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(HostileClientsTest, AFloodOfRequestsIsHeldToOneAtATime) {
  start();
  answers_at_once = false;
  RawClient client(path);
  std::string flood;
  for (int i = 0; i < 1'000; ++i) flood += kStatusLine;
  ASSERT_TRUE(client.send(flood));
  pump(50);
  EXPECT_EQ(seen.size(), 1U);
  for (std::size_t answered = 0; answered < 1'000; ++answered) {
    ASSERT_EQ(seen.size(), answered + 1);
    server->reply(seen.back().id, ReloadReply{answered, 0, {}}, now);
    pump(1);
    client.read();
  }
  ASSERT_EQ(client.lines().size(), 1'000U);
  EXPECT_EQ(std::get<ReloadReply>(*decode_reply(client.lines()[999])).added, 999U);
}

TEST_F(HostileClientsTest, AClientThatTakesNoReplyIsCutOffAndHoldsUpNobody) {
  start();
  answer = WhyReply{true, std::string(5'000'000, 'x'), {}, {}};
  RawClient slow(path);
  slow.send(kStatusLine);
  pump();
  answer = ReloadReply{};
  EXPECT_EQ(code_of(ask(kStatusLine)), "done");
  EXPECT_EQ(server->next_deadline(), now + limits::kClientIdle);
  now += limits::kClientIdle;
  pump();
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(HostileClientsTest, RepliesThatNobodyTakesAreBoundedInAll) {
  start();
  answer = WhyReply{true, std::string(60 << 20, 'x'), {}, {}};
  RawClient first(path), second(path), third(path);
  for (const RawClient* client : {&first, &second, &third}) {
    client->send(kStatusLine);
    pump(2);
  }
  third.read();
  ASSERT_EQ(third.lines().size(), 1U);
  EXPECT_EQ(code_of(*decode_reply(third.lines()[0])), "busy");
}

TEST_F(HostileClientsTest, TheClientAfterTheLastIsToldBusy) {
  start();
  std::vector<RawClient> crowd;
  for (std::size_t i = 0; i < limits::kClients; ++i) crowd.emplace_back(path), pump(1);
  EXPECT_EQ(server->clients(), limits::kClients);
  EXPECT_EQ(code_of(ask(kStatusLine)), "busy");
  crowd.pop_back();
  pump(2);
  EXPECT_EQ(code_of(ask(kStatusLine)), "done");
}

TEST_F(HostileClientsTest, AUserHasAFewPlacesAndReadersLeaveSomeToTheOthers) {
  start();
  std::vector<RawClient> crowd;
  {
    const AsUser as(kNobody, kNobody, {});
    for (std::size_t i = 0; i < limits::kClientsPerUser; ++i) crowd.emplace_back(path), pump(1);
    EXPECT_EQ(code_of(ask(kStatusLine)), "busy");
  }
  EXPECT_EQ(server->clients(), limits::kClientsPerUser);
  for (uid_t uid = 5001; uid <= 5003; ++uid) {
    const AsUser as(uid, kNobody, {});
    for (std::size_t i = 0; i < limits::kClientsPerUser; ++i) crowd.emplace_back(path), pump(1);
  }
  EXPECT_EQ(server->clients(), limits::kReaders);
  EXPECT_EQ(code_of(ask(kStatusLine)), "done") << "root is never crowded out";
}

// Other users' programs without the right hold every place that they can get, and so do the
// member's own.
TEST_F(HostileClientsTest, AMemberOfTheGroupIsNeverCrowdedOutAndRootNotByMembers) {
  start("users");
  const auto group = group_id("users");
  ASSERT_TRUE(group);
  std::vector<RawClient> crowd;
  const auto hold = [&](uid_t uid, const std::vector<gid_t>& groups, std::size_t places) {
    const AsUser as(uid, kNobody, groups);
    for (std::size_t i = 0; i < places; ++i) crowd.emplace_back(path), pump(1);
  };
  const auto code_as = [&](uid_t uid, const std::vector<gid_t>& groups) {
    const AsUser as(uid, kNobody, groups);
    return code_of(ask(kStatusLine));
  };
  for (const uid_t uid : {kNobody, uid_t{5001}, uid_t{5002}, uid_t{5003}})
    hold(uid, {}, limits::kClientsPerUser);
  ASSERT_EQ(server->clients(), limits::kReaders);
  EXPECT_EQ(code_as(5004, {}), "busy") << "control: the places of readers are taken";
  EXPECT_EQ(code_as(kNobody, {*group}), "done") << "of a user whose others are at their limit";
  EXPECT_EQ(code_as(5005, {*group}), "done");
  const std::size_t of_members = limits::kClients - limits::kReaders - limits::kClientsOfRoot;
  hold(5005, {*group}, of_members);
  EXPECT_EQ(code_as(5006, {*group}), "busy");
  hold(0, {}, limits::kClientsOfRoot - 1);
  EXPECT_EQ(code_of(ask(kStatusLine)), "done") << "the last place is root's";
}

// A reader may leave its replies untaken as long as it likes: there is room for those of others.
TEST_F(HostileClientsTest, RepliesThatReadersDoNotTakeLeaveRoomForThoseOfTheOthers) {
  start();
  answer = WhyReply{true, std::string(40 << 20, 'x'), {}, {}};
  std::vector<RawClient> readers;
  for (int i = 0; i < 2; ++i) {
    const AsUser as(kNobody, kNobody, {});
    readers.emplace_back(path);
    readers.back().send(kStatusLine);
    pump(2);
    now += seconds(1);  // readers rest
  }
  pump();
  readers[1].read();
  ASSERT_EQ(readers[1].lines().size(), 1U);
  EXPECT_EQ(code_of(*decode_reply(readers[1].lines()[0])), "busy");
  RawClient root(path);
  root.send(kStatusLine);
  for (int i = 0; i < 2'000 && root.lines().empty(); ++i) {
    pump(1);
    root.read();
  }
  ASSERT_EQ(root.lines().size(), 1U);
  EXPECT_EQ(root.lines()[0], encode(answer));
}

TEST_F(HostileClientsTest, AClientThatTakesAtOnceGetsAPartATurn) {
  start();
  answer = WhyReply{true, std::string(1 << 20, 'x'), {}, {}};
  RawClient client(path);
  client.send(kStatusLine);
  pump();
  std::size_t turns = 0;
  for (; turns < 100 && client.lines().empty(); ++turns) {
    client.read();
    pump(1);
  }
  EXPECT_GE(turns, std::size_t{4});
  EXPECT_LT(turns, std::size_t{100});
}

TEST_F(HostileClientsTest, ReadersWaitForFiveTimesWhatTheLastOneTook) {
  start();
  request_takes = milliseconds(10);
  std::vector<RawClient> readers = three_readers();
  pump();
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_EQ(server->next_deadline(), now + milliseconds(50));
  EXPECT_EQ(code_of(ask(kReloadLine)), "done") << "root waits for nobody";
  readers[0].send(kStatusLine);  // once more, and behind the others
  now += milliseconds(49);
  pump();
  EXPECT_EQ(seen.size(), 2U);
  for (int served = 3; served <= 5; ++served) {
    now += milliseconds(served == 3 ? 1 : 50);
    pump();
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(served));
  }
  for (RawClient& reader : readers) reader.read();
  EXPECT_EQ(readers[0].lines().size(), 2U);
  EXPECT_EQ(readers[1].lines().size(), 1U);
  EXPECT_EQ(readers[2].lines().size(), 1U);
}

TEST_F(HostileClientsTest, AReaderThatLeavesWhileItWaitsKeepsNothingBusy) {
  start();
  request_takes = milliseconds(10);
  std::vector<RawClient> readers = three_readers();
  pump();
  readers[1].leave();
  pump();
  EXPECT_EQ(server->clients(), 2U);
  pollfd wanted{server->fd(), POLLIN, 0};
  EXPECT_EQ(poll(&wanted, 1, 0), 0);
  now += milliseconds(50);
  pump();
  EXPECT_EQ(seen.size(), 2U);
}

// Many cheap requests cost as much as a dear one.
TEST_F(HostileClientsTest, CheapRequestsAddUp) {
  start();
  request_takes = std::chrono::microseconds(100);
  const AsUser as(kNobody, kNobody, {});
  EXPECT_EQ(code_of(ask(kStatusLine)), "done");
  EXPECT_EQ(code_of(ask(kStatusLine)), "done");
  EXPECT_EQ(code_of(ask(kStatusLine)), "no reply");
  now += milliseconds(1);
  EXPECT_EQ(code_of(ask(kStatusLine)), "done");
}

TEST_F(HostileClientsTest, WithoutDescriptorsTheServerPausesInsteadOfSpinning) {
  start();
  RawClient client(path);
  client.send(kStatusLine);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  pump();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(server->clients(), 0U);
  EXPECT_EQ(server->next_deadline(), now + seconds(1));
  pump();
  EXPECT_EQ(server->clients(), 0U) << "not before the pause is over";
  now += seconds(1);
  pump();
  client.read();
  EXPECT_EQ(client.lines().size(), 1U);
}

}  // namespace
}  // namespace egress::control
