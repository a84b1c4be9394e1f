// call(): a reply, or the right kind of failure.
#include "control/client.hpp"

#include <thread>

#include "unit/control/server_fixture.hpp"

namespace egress::control {
namespace {

using std::chrono::milliseconds;

// Accepts one client, takes its request, says something and hangs up.
class OneShotDaemon {
 public:
  OneShotDaemon(const std::string& path, std::string answer, milliseconds delay = milliseconds(0))
      : listener_(std::move(listen_at(path).value())),
        thread_([this, answer = std::move(answer), delay] {
          wait_readable(listener_.get());
          const Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
          std::array<char, 4096> request;
          EXPECT_GT(recv(client.get(), request.data(), request.size(), 0), 0);
          std::this_thread::sleep_for(delay);
          send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }) {}
  ~OneShotDaemon() { thread_.join(); }

 private:
  static void wait_readable(int fd) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    timeval limit{10, 0};
    select(fd + 1, &set, nullptr, nullptr, &limit);
  }

  Descriptor listener_;
  std::thread thread_;
};

class ClientTest : public testing::Test {
 protected:
  TemporaryDirectory directory;
  std::string path = directory / "control.sock";
};

TEST_F(ClientTest, TakesTheReply) {
  const OneShotDaemon daemon(path, encode(Reply(ReloadReply{1, 2, {}})));
  const auto reply = call(path, ReloadRequest{});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(std::get<ReloadReply>(*reply).removed, 2U);
}

TEST_F(ClientTest, WithoutASocketTheDaemonIsUnreachable) {
  const auto reply = call(path, StatusRequest{});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().is_unreachable);
  EXPECT_EQ(reply.error().message,
            "no daemon at \"" + path +
                "\": No such file or directory; start it (systemctl start egressd) or name its "
                "socket (--socket PATH)");
}

TEST_F(ClientTest, ADeadSocketIsUnreachable) {
  { ASSERT_TRUE(listen_at(path)); }
  const auto reply = call(path, StatusRequest{});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().is_unreachable);
  EXPECT_NE(reply.error().message.find("Connection refused"), std::string::npos);
}

TEST_F(ClientTest, ADaemonThatHangsIsUnreachableInTime) {
  const auto listener = listen_at(path);
  ASSERT_TRUE(listener);
  int ticks = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto reply =
      call(path, StatusRequest{}, {milliseconds(1'500), [&ticks](auto) { ++ticks; }});
  const auto waited = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().is_unreachable);
  EXPECT_GE(waited, milliseconds(1'500));
  EXPECT_LT(waited, milliseconds(5'000));
  EXPECT_GE(ticks, 1);
}

TEST_F(ClientTest, ADaemonWithAFullQueueIsUnreachableInTime) {
  const auto listener = listen_at(path);
  ASSERT_TRUE(listener);
  std::vector<RawClient> queue;
  while (connect_to(path).error == 0) queue.emplace_back(path);
  const auto reply = call(path, StatusRequest{}, {milliseconds(200), nullptr});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().is_unreachable);
}

TEST_F(ClientTest, ADaemonThatHangsUpIsUnreachable) {
  for (const char* half : {"", "{\"reply\":"}) {
    const OneShotDaemon daemon(path, half);
    const auto reply = call(path, StatusRequest{});
    ASSERT_FALSE(reply);
    EXPECT_TRUE(reply.error().is_unreachable);
  }
}

TEST_F(ClientTest, AnUnreadableReplyIsAFailureOfAnotherKind) {
  const OneShotDaemon daemon(path, "{\"reply\":\"welcome\"}\n");
  const auto reply = call(path, StatusRequest{});
  ASSERT_FALSE(reply);
  EXPECT_FALSE(reply.error().is_unreachable);
  EXPECT_EQ(reply.error().message.find(
                "cannot read the daemon's reply: unknown kind of message \"welcome\""),
            0U);
}

}  // namespace
}  // namespace egress::control
