#include "adapters/systemd/notify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "adapters/file_descriptor.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::systemd {
namespace {

// A socket in the place of the service manager's.
class NotifyTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = folder_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    ASSERT_EQ(bind(manager_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  std::string received() {
    std::array<char, 4096> buffer{};
    const auto size = recv(manager_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

  test::TemporaryFolder folder_;
  FileDescriptor manager_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(NotifyTest, SendsItsState) {
  ASSERT_TRUE(notify_ready("enforcing"));
  EXPECT_EQ(received(), "READY=1\nSTATUS=enforcing");
  ASSERT_TRUE(notify_status("2 names failing"));
  EXPECT_EQ(received(), "STATUS=2 names failing");
  ASSERT_TRUE(notify_stopping("the table stays"));
  EXPECT_EQ(received(), "STOPPING=1\nSTATUS=the table stays");
  ASSERT_TRUE(notify_alive());
  EXPECT_EQ(received(), "WATCHDOG=1");
}

TEST_F(NotifyTest, ReloadingTellsWhen) {
  ASSERT_TRUE(notify_reloading());
  EXPECT_THAT(received(), testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*"));
}

TEST_F(NotifyTest, AStatusCannotAddFields) {
  ASSERT_TRUE(notify_status("a\nMAINPID=1\r\x7F"));
  EXPECT_EQ(received(), "STATUS=a?MAINPID=1??");
}

TEST_F(NotifyTest, WithoutAManagerNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(notify_ready("enforcing"));
  EXPECT_EQ(received(), "nothing");
}

TEST_F(NotifyTest, ADeadManagerIsAnError) {
  setenv("NOTIFY_SOCKET", (folder_ / "gone").c_str(), 1);
  EXPECT_FALSE(notify_ready("enforcing"));
}

TEST_F(NotifyTest, WatchdogIntervalIsHalfThePeriod) {
  EXPECT_FALSE(watchdog_interval());
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(watchdog_interval(), std::chrono::seconds(15));
  setenv("WATCHDOG_PID", "1", 1);  // meant for another process
  EXPECT_FALSE(watchdog_interval());
}

}  // namespace
}  // namespace egress::systemd
