#include "adapters/systemd/event_loop.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "adapters/file_descriptor.hpp"
#include "adapters/systemd/clock.hpp"

namespace egress::systemd {
namespace {

using namespace std::chrono_literals;

class EventLoopTest : public testing::Test {
 protected:
  EventLoop loop_ = EventLoop::open().value();
  SystemClock clock_;
  FileDescriptor event_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  void signal_event() { eventfd_write(event_.get(), 1); }
  void clear_event() {
    eventfd_t count = 0;
    eventfd_read(event_.get(), &count);
  }
};

TEST_F(EventLoopTest, ExitCodeIsTheResult) {
  auto timer = loop_.timer([&] { loop_.exit(3); }).value();
  timer.arm(clock_.now());
  EXPECT_EQ(loop_.run().value(), 3);
}

TEST_F(EventLoopTest, ReadableDescriptorsCallBack) {
  Ready seen;
  auto watch = loop_
                   .watch(event_.get(),
                          [&](Ready ready) {
                            seen = ready;
                            loop_.exit(0);
                          })
                   .value();
  signal_event();
  ASSERT_TRUE(loop_.run());
  EXPECT_TRUE(seen.readable);
  EXPECT_FALSE(seen.writable);
}

TEST_F(EventLoopTest, WritableIsToldOnDemandOnly) {
  int calls = 0;
  auto watch = loop_
                   .watch(event_.get(),
                          [&](Ready ready) {
                            EXPECT_TRUE(ready.writable);
                            EXPECT_FALSE(ready.readable);
                            ++calls;
                            loop_.exit(0);
                          })
                   .value();
  auto timer = loop_
                   .timer([&] {
                     EXPECT_EQ(calls, 0) << "an eventfd is writable all the time";
                     watch.want_writable(true);
                   })
                   .value();
  timer.arm(clock_.now() + 30ms);
  ASSERT_TRUE(loop_.run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, ThePeersEndIsReadable) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const FileDescriptor ours(pair[0]);
  auto watch = loop_.watch(ours.get(), [&](Ready ready) { loop_.exit(ready.readable ? 0 : 1); });
  close(pair[1]);
  EXPECT_EQ(loop_.run().value(), 0);
}

TEST_F(EventLoopTest, TimersFireOnTimeAndOnce) {
  const auto start = clock_.now();
  int calls = 0;
  auto timer = loop_.timer([&] { ++calls; }).value();
  auto end = loop_.timer([&] { loop_.exit(0); }).value();
  timer.arm(start + 40ms);
  end.arm(start + 120ms);
  ASSERT_TRUE(loop_.run());
  EXPECT_EQ(calls, 1);
  EXPECT_GE(clock_.now() - start, 120ms);
  EXPECT_LE(clock_.now() - start, 400ms);
}

TEST_F(EventLoopTest, ArmingAgainReplacesTheMomentAndNeverDisarms) {
  const auto start = clock_.now();
  std::vector<milliseconds> fired;
  Timer moved, disarmed;
  moved = loop_.timer([&] { fired.push_back(clock_.now() - start); }).value();
  disarmed = loop_.timer([&] { ADD_FAILURE() << "disarmed"; }).value();
  auto end = loop_.timer([&] { loop_.exit(0); }).value();
  moved.arm(start + 10s);
  moved.arm(start + 30ms);
  disarmed.arm(start + 20ms);
  disarmed.arm(kNever);
  end.arm(start + 100ms);
  ASSERT_TRUE(loop_.run());
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_GE(fired.front(), 30ms);
}

TEST_F(EventLoopTest, ATimerMayArmItself) {
  int calls = 0;
  Timer timer;
  timer = loop_
              .timer([&] {
                if (++calls == 3) return loop_.exit(0);
                timer.arm(clock_.now() + 5ms);
              })
              .value();
  timer.arm(Instant(milliseconds(-1)));  // long past
  ASSERT_TRUE(loop_.run());
  EXPECT_EQ(calls, 3);
}

TEST_F(EventLoopTest, SignalsCallBack) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    auto source = loop_.on_signal(signal, [&] { loop_.exit(0); }).value();
    kill(getpid(), signal);
    EXPECT_TRUE(loop_.run());
    loop_ = EventLoop::open().value();
  }
}

TEST_F(EventLoopTest, TheTurnEndsAfterWhatWasDue) {
  std::vector<std::string> order;
  auto post = loop_.after_each_turn([&] { order.push_back("turn"); }).value();
  auto watch = loop_
                   .watch(event_.get(),
                          [&](Ready) {
                            clear_event();
                            order.push_back("event");
                          })
                   .value();
  auto end = loop_.timer([&] { loop_.exit(0); }).value();
  signal_event();
  end.arm(clock_.now() + 50ms);
  ASSERT_TRUE(loop_.run());
  ASSERT_GE(order.size(), 2U);
  EXPECT_EQ(order[0], "event");
  EXPECT_EQ(order[1], "turn");
}

TEST_F(EventLoopTest, ACallbackMayDestroyItsOwnSource) {
  auto kept = std::make_shared<int>(0);
  auto watch = std::make_unique<Watch>();
  *watch = loop_
               .watch(event_.get(),
                      [&, kept](Ready) {
                        watch.reset();
                        ++*kept;  // what the callback holds lives on to its end
                      })
               .value();
  auto end = loop_.timer([&] { loop_.exit(0); }).value();
  signal_event();  // stays readable: a second call would come at once
  end.arm(clock_.now() + 30ms);
  ASSERT_TRUE(loop_.run());
  EXPECT_EQ(*kept, 1);
  EXPECT_EQ(kept.use_count(), 1) << "the callback must be gone";
}

TEST_F(EventLoopTest, DestroyedSourcesAreSilent) {
  {
    auto watch = loop_.watch(event_.get(), [](Ready) { ADD_FAILURE(); }).value();
    auto timer = loop_.timer([] { ADD_FAILURE(); }).value();
    timer.arm(clock_.now());
    signal_event();
  }
  auto end = loop_.timer([&] { loop_.exit(0); }).value();
  end.arm(clock_.now() + 20ms);
  EXPECT_TRUE(loop_.run());
}

TEST_F(EventLoopTest, IdlingTakesNoTurns) {
  int turns = 0;
  auto post = loop_.after_each_turn([&] { ++turns; }).value();
  auto idle_watch = loop_.watch(event_.get(), [](Ready) {}).value();
  auto far = loop_.timer([] {}).value();
  far.arm(clock_.now() + std::chrono::hours(1));
  auto end = loop_.timer([&] { loop_.exit(0); }).value();
  end.arm(clock_.now() + 300ms);
  ASSERT_TRUE(loop_.run());
  EXPECT_LE(turns, 1);
}

TEST_F(EventLoopTest, ABadDescriptorIsAnError) {
  EXPECT_FALSE(loop_.watch(-1, [](Ready) {}));
  EXPECT_FALSE(loop_.watch(9999, [](Ready) {}));
}

TEST(SystemClock, GoesForwardAndKnowsTheDate) {
  const SystemClock clock;
  const auto before = clock.now();
  usleep(3000);
  EXPECT_GE(clock.now() - before, 2ms);
  EXPECT_GT(clock.wall(), WallTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
}

}  // namespace
}  // namespace egress::systemd
