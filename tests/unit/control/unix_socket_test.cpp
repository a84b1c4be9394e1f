#include "control/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <thread>

#include "unit/control/server_fixture.hpp"

namespace egress::control {
namespace {

TEST(UnixSocket, IsOpenToEveryUser) {
  const TemporaryDirectory directory;
  const std::string path = directory / "control.sock";
  const mode_t before = umask(0077);
  const auto listener = listen_at(path);
  umask(before);
  ASSERT_TRUE(listener) << listener.error().message;
  struct stat found {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0666U);
}

TEST(UnixSocket, ASocketOfADeadDaemonIsReplaced) {
  const TemporaryDirectory directory;
  const std::string path = directory / "control.sock";
  { ASSERT_TRUE(listen_at(path)); }
  EXPECT_EQ(connect_to(path).error, ECONNREFUSED);
  const auto listener = listen_at(path);
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_EQ(connect_to(path).error, 0);
}

TEST(UnixSocket, ALiveOneIsNot) {
  const TemporaryDirectory directory;
  const std::string path = directory / "control.sock";
  const auto first = listen_at(path);
  ASSERT_TRUE(first);
  const auto second = listen_at(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "another egressd listens at \"" + path + "\"; stop it or choose another --runtime-dir");
  EXPECT_EQ(connect_to(path).error, 0);
}

TEST(UnixSocket, AFileOrALinkIsNeverRemoved) {
  const TemporaryDirectory directory;
  const std::string file = directory / "precious";
  std::ofstream(file) << "content";
  EXPECT_FALSE(listen_at(file));
  const std::string link = directory / "link";
  std::filesystem::create_symlink(file, link);
  EXPECT_FALSE(listen_at(link));
  EXPECT_TRUE(std::filesystem::is_regular_file(file));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST(UnixSocket, PathsHaveALength) {
  const TemporaryDirectory directory;
  const std::string base = directory / "";
  EXPECT_TRUE(listen_at(base + std::string(107 - base.size(), 'x')));
  EXPECT_FALSE(listen_at(base + std::string(108 - base.size(), 'x')));
  EXPECT_FALSE(listen_at(""));
  EXPECT_FALSE(listen_at(directory / "absent/control.sock"));
}

TEST(UnixSocket, WhoeverWaitsIsLetInWhenTheQueueIsFullNoMore) {
  const TemporaryDirectory directory;
  const std::string path = directory / "control.sock";
  const auto listener = listen_at(path);
  ASSERT_TRUE(listener);
  std::vector<Descriptor> crowd;
  for (Connected one = connect_to(path); one.error == 0; one = connect_to(path))
    crowd.push_back(std::move(one.socket));
  EXPECT_EQ(connect_to(path).error, EAGAIN);
  EXPECT_EQ(connect_within(path, std::chrono::milliseconds(20)).error, EAGAIN) << "still full";
  auto waiting = std::async(std::launch::async,
                            [&] { return connect_within(path, std::chrono::seconds(10)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const Descriptor accepted(accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  const Connected connected = waiting.get();
  EXPECT_EQ(connected.error, 0);
  EXPECT_NE(fcntl(connected.socket.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(connect_within(directory / "absent", std::chrono::seconds(10)).error, ENOENT);
}

TEST(UnixSocket, AHandedOverListenerIsChecked) {
  const TemporaryDirectory directory;
  auto listener = listen_at(directory / "control.sock");
  ASSERT_TRUE(listener);
  const auto adopted = adopt_listener(dup(listener->get()));
  ASSERT_TRUE(adopted) << adopted.error().message;

  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const Descriptor other_end(pipe_ends[1]);
  EXPECT_FALSE(adopt_listener(pipe_ends[0]));
  EXPECT_FALSE(adopt_listener(socket(AF_UNIX, SOCK_STREAM, 0))) << "it does not listen";
  EXPECT_FALSE(adopt_listener(socket(AF_INET, SOCK_STREAM, 0)));
  EXPECT_FALSE(adopt_listener(-1));
}

}  // namespace
}  // namespace egress::control
