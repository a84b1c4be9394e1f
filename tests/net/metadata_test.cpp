// The cloud's metadata service: refused to everybody, or open to root alone for five minutes after
// a boot, which the kernel ends by itself.
#include <time.h>

#include "net/net_test.hpp"
#include "net/shifted_clocks.hpp"
#include "support/container.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMetadata6 = "fd00:ec2::254";
constexpr uid_t kAgent = 1000;
constexpr auto kAfterABoot = 5min;

class Metadata : public NetTest {
 protected:
  // The machine's own clock stays as it is.
  void start(std::chrono::seconds since_boot, const std::string& services) {
    ASSERT_TRUE(is_reached) << "positive control";
    timespec uptime{};
    clock_gettime(CLOCK_BOOTTIME, &uptime);
    const ShiftedClocks clocks(lab.dir() / "clocks");
    clocks.shift(0s, since_boot - std::chrono::seconds(uptime.tv_sec));
    daemon.terminate();
    daemon.set_environment(clocks.environment());
    daemon.write_policy(policy("", "forward: [\"br-*\"]\n" + services));
    daemon.start();
  }
  Seen by_root(const std::string& address, std::uint16_t port = 80) { return tcp(address, port); }
  Seen by_agent(const std::string& address) {
    constexpr int kRefused = 7, kTimeout = 28;  // curl(1)
    const bool is_v6 = address.find(':') != std::string::npos;
    const std::string url = "http://" + (is_v6 ? '[' + address + ']' : address) + "/";
    const Finished curl = run(
        {.words = {"setpriv", "--reuid", std::to_string(kAgent), "--clear-groups", "curl",
                   "--silent", "--max-time", "3", "--noproxy", "*", "--output", "/dev/null", url},
         .netns = lab.host()});
    if (curl.exit_code == kTimeout) return Seen::silence;
    return curl.exit_code == kRefused ? Seen::refused : Seen::answered;
  }
  Seen by_container(const std::string& address) {
    return tcp_probe(container.netns(), address, 80);
  }
  void expect_closed() {
    Tap after(lab.net(), "host0");
    for (const char* address : {kMetadata, kMetadata6}) {
      EXPECT_EQ(by_root(address), Seen::refused) << address;
      EXPECT_EQ(by_agent(address), Seen::refused) << address;
      EXPECT_EQ(by_container(address), Seen::refused) << address;
      EXPECT_EQ(after.count(address), 0U);
    }
  }
  void expect_open_to_root_alone() {
    for (const char* address : {kMetadata, kMetadata6}) {
      Tap after(lab.net(), "host0");
      EXPECT_EQ(by_root(address, 443), Seen::refused) << address;
      EXPECT_EQ(by_agent(address), Seen::refused) << address;
      EXPECT_EQ(by_container(address), Seen::refused) << address;
      EXPECT_EQ(after.count(address), 0U) << address;
      EXPECT_EQ(by_root(address), Seen::answered) << address;
    }
  }
  // The last packets of connections that were let through come late.
  static void await_last_packets() { std::this_thread::sleep_for(1s); }
  void await_end() {
    ASSERT_TRUE(eventually([&] { return by_root(kMetadata) == Seen::refused; }, 10s));
    await_last_packets();
  }
  bool is_open() {
    const bool all_answer =
        by_root(kMetadata) == Seen::answered && by_root(kMetadata6) == Seen::answered &&
        by_agent(kMetadata) == Seen::answered && by_container(kMetadata) == Seen::answered;
    await_last_packets();
    return all_answer;
  }
  std::string status() const { return daemon.egressctl({"status"}).output; }

  const Container container{lab};
  const bool is_reached = is_open();  // positive control
  Daemon daemon{lab, policy("")};
};

constexpr const char* kBoot = "services: { metadata: boot }";

TEST_F(Metadata, IsRefusedToEverybodyUnlessThePolicySaysSo) {
  start(10s, "services: { metadata: none }");
  expect_closed();
  EXPECT_EQ(status().find("metadata"), std::string::npos);
}

TEST_F(Metadata, IsOpenToRootAloneAfterABootAndThenClosedByTheDaemon) {
  start(kAfterABoot - 6s, kBoot);
  expect_open_to_root_alone();
  EXPECT_NE(status().find("metadata   open to root for "), std::string::npos) << status();
  await_end();
  expect_closed();
  EXPECT_NE(status().find("metadata   open to root for five minutes after each boot"),
            std::string::npos)
      << status();
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
  EXPECT_NE(daemon.log().find("services.metadata"), std::string::npos);
}

TEST_F(Metadata, IsClosedByTheKernelWhereTheDaemonIsDead) {
  start(kAfterABoot - 6s, kBoot);
  expect_open_to_root_alone();
  daemon.crash();
  await_end();
  expect_closed();
}

TEST_F(Metadata, IsNotOpenedByAStartThatComesLater) {
  start(kAfterABoot + 1s, kBoot);
  expect_closed();
}

}  // namespace
}  // namespace egress::test
