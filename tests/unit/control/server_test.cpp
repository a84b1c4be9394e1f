// The server with clients that behave.
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "egress/core/limits.hpp"
#include "unit/control/server_fixture.hpp"

namespace egress::control {
namespace {

TEST_F(ServerTest, AnswersOneRequestAfterTheOther) {
  start();
  RawClient client(path);
  for (std::size_t i = 1; i <= 3; ++i) {
    client.send(kStatusLine);
    pump();
    client.read();
    EXPECT_EQ(client.lines().size(), i);
  }
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].id, seen[2].id);
  EXPECT_EQ(server->clients(), 1U);
}

TEST_F(ServerTest, OneDescriptorTellsOfConnectionsAndRequests) {
  start();
  pollfd wanted{server->fd(), POLLIN, 0};
  EXPECT_EQ(poll(&wanted, 1, 0), 0) << "nothing to do yet";
  RawClient client(path);
  EXPECT_EQ(poll(&wanted, 1, 0), 1);
  pump();
  EXPECT_EQ(poll(&wanted, 1, 0), 0);
  client.send(kStatusLine);
  EXPECT_EQ(poll(&wanted, 1, 0), 1);
  pump();
  EXPECT_EQ(poll(&wanted, 1, 0), 0) << "an answered client must not keep the loop awake";
}

TEST_F(ServerTest, RepliesMayComeLate) {
  start();
  answers_at_once = false;
  RawClient client(path);
  client.send(kStatusLine);
  pump();
  ASSERT_EQ(seen.size(), 1U);
  now += seconds(60);  // the daemon's own time does not count against the client
  pump();
  client.read();
  EXPECT_TRUE(client.lines().empty());
  EXPECT_FALSE(client.is_ended());
  server->reply(seen[0].id, StatusReply{}, now);
  client.read();
  ASSERT_EQ(client.lines().size(), 1U);
  EXPECT_TRUE(std::holds_alternative<StatusReply>(*decode_reply(client.lines()[0])));
}

TEST_F(ServerTest, AClientThatLeftBeforeItsReplyIsFine) {
  start();
  answers_at_once = false;
  RawClient client(path);
  client.send(kStatusLine);
  pump();
  ASSERT_EQ(seen.size(), 1U);
  client.leave();
  pump();
  EXPECT_EQ(server->clients(), 0U);
  server->reply(seen[0].id, StatusReply{}, now);
  server->reply(12345, StatusReply{}, now);
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(ServerTest, ASecondReplyToOneRequestIsDropped) {
  start();
  answers_at_once = false;
  RawClient client(path);
  client.send(kStatusLine);
  pump();
  server->reply(seen.at(0).id, StatusReply{}, now);
  server->reply(seen.at(0).id, StatusReply{}, now);
  pump();
  client.read();
  EXPECT_EQ(client.lines().size(), 1U);
}

TEST_F(ServerTest, AClientThatOnlyStoppedSendingGetsItsReply) {
  start();
  answers_at_once = false;
  RawClient client(path);
  client.send(kStatusLine);
  client.shut_down_sending();
  pump();
  ASSERT_EQ(seen.size(), 1U);
  server->reply(seen[0].id, StatusReply{}, now);
  pump();
  client.read();
  EXPECT_EQ(client.lines().size(), 1U);
  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(ServerTest, AnInvalidRequestIsToldAndTheConnectionGoesOn) {
  start();
  RawClient client(path);
  client.send("{\"command\":\"shutdown\"}\n");
  pump();
  client.send(kStatusLine);
  pump();
  client.read();
  ASSERT_EQ(client.lines().size(), 2U);
  EXPECT_EQ(code_of(*decode_reply(client.lines()[0])), "invalid");
  EXPECT_EQ(code_of(*decode_reply(client.lines()[1])), "done");
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(ServerTest, ALongReplyArrivesWhole) {
  start();
  answer = WhyReply{true, std::string(5'000'000, 'x'), {}, {}};
  RawClient client(path);
  client.send(kStatusLine);
  for (int i = 0; i < 500 && client.lines().empty(); ++i) {
    pump(1);
    client.read();
  }
  ASSERT_EQ(client.lines().size(), 1U);
  EXPECT_EQ(client.lines()[0], encode(answer));
}

TEST_F(ServerTest, AReplyMayStandInAFile) {
  start();
  answers_at_once = false;
  const std::string line = encode(Reply(WhyReply{true, std::string(3'000'000, 'x'), {}, {}}));
  Descriptor file(memfd_create("reply", MFD_CLOEXEC));
  ASSERT_EQ(write(file.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  ASSERT_EQ(lseek(file.get(), 0, SEEK_SET), 0);
  RawClient client(path);
  client.send(kStatusLine);
  pump();
  server->reply(seen.at(0).id, std::move(file), line.size(), now);
  for (int i = 0; i < 500 && client.lines().empty(); ++i) {
    pump(1);
    client.read();
  }
  ASSERT_EQ(client.lines().size(), 1U);
  EXPECT_EQ(client.lines()[0], line);
  client.send(kStatusLine);
  pump();
  EXPECT_EQ(seen.size(), 2U) << "and the connection goes on";
}

TEST_F(ServerTest, AFileThatIsTooShortEndsTheConnection) {
  start();
  answers_at_once = false;
  Descriptor file(memfd_create("reply", MFD_CLOEXEC));
  RawClient client(path);
  client.send(kStatusLine);
  pump();
  server->reply(seen.at(0).id, std::move(file), 10, now);
  pump();
  client.read();
  EXPECT_TRUE(client.is_ended());
}

TEST_F(ServerTest, WithoutClientsNothingIsDue) {
  start();
  EXPECT_EQ(server->next_deadline(), kNever);
  RawClient client(path);
  pump();
  EXPECT_EQ(server->next_deadline(), now + limits::kClientIdle);
  client.leave();
  pump();
  EXPECT_EQ(server->next_deadline(), kNever);
}

}  // namespace
}  // namespace egress::control
