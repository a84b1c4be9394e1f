// Resolvers and links that come and go: what is refused stays so throughout, and allowed names come
// back by themselves, at addresses that only a new answer can have told.
#include <fstream>

#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "api.openai.com";
constexpr auto kRecovery = 30s;  // a failed lookup is repeated after 5 s

// The system's resolvers; every second a question.
std::string unpinned_policy() {
  return "version: 1\nlimits: { min_ttl: 1s, max_ttl: 1h, grace: 30s }\nallow: "
         "[api.openai.com:443]\n";
}

class Rotation : public GuardTest {
 protected:
  Rotation() { move_to("162.159.140.1"); }

  // From now on only this address is told.
  void move_to(const std::string& address) {
    address_ = address;
    dns.set(kName, {.addresses = {address}, .ttl = 1});
  }
  // Whatever the state of the host: nothing else arrives on the far side.
  void expect_closed() {
    Tap after(lab.net(), "host0");
    for (const char* address : {kOther4, kOther6}) {
      EXPECT_NE(tcp(address), Seen::answered) << address;
      EXPECT_EQ(after.count(address), 0U) << address;
    }
    EXPECT_NE(rcode_of(ask("secret.example.org")), kNoError);
    EXPECT_FALSE(after.carried("secret"));
  }
  void expect_back() {
    EXPECT_TRUE(eventually([&] { return tcp(address_) == Seen::answered; }, kRecovery)) << address_;
    EXPECT_EQ(rcode_of(ask(kName)), kNoError);
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    EXPECT_EQ(tcp(kOther6), Seen::refused);
    expect_closed();
  }
  void on_link(const std::string& netns, const std::string& commands) {
    const std::filesystem::path file = lab.dir() / "commands.ip";
    std::ofstream(file) << commands;
    const Finished done = run({.words = {"ip", "-n", netns, "-batch", file}});
    ASSERT_EQ(done.exit_code, 0) << done.output;
  }

 private:
  std::string address_;
};

TEST_F(Rotation, ResolvConfMayChangeAnyHow) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  const Daemon daemon(lab, unpinned_policy());
  expect_back();
  int turn = 1;
  const auto resolvers = [&] {
    return daemon.ask<control::StatusReply>(control::StatusRequest{}).resolvers;
  };
  for (const char* useless : {"", "nameserver none.example\n\xff garbage", "search example.org\n",
                              "nameserver 127.0.0.1\n"}) {
    lab.write_resolv_conf(useless);
    ASSERT_TRUE(eventually([&] { return resolvers() != std::vector<std::string>{kPublic4}; }));
    expect_closed();
    move_to("162.159.140." + std::to_string(++turn));
    const Tap tap(lab.net(), "host0");
    lab.write_resolv_conf(std::string("nameserver ") + kPublic4 + "\n");
    expect_back();
  }
  Tap after(lab.net(), "host0");
  move_to("162.159.140.100");
  expect_back();
  EXPECT_GT(after.count(kPublic4, 53), 0U);
  EXPECT_EQ(after.count(kResolver, 53) + after.count(kResolver6, 53), 0U) << "it left the file";
}

TEST_F(Rotation, AnUplinkMayGoAndComeBack) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  const Daemon daemon(lab, unpinned_policy());
  expect_back();
  on_link(lab.host(), "link set uplink0 down\n");
  move_to("162.159.140.2");
  std::this_thread::sleep_for(2s);  // questions fail meanwhile
  EXPECT_NE(tcp(kOther4), Seen::answered);
  on_link(lab.host(),
          "link set uplink0 up\naddr replace 2001:db8:77::2/64 dev uplink0 nodad\n"
          "route replace default via 10.77.0.1\nroute replace default via 2001:db8:77::1\n");
  expect_back();
}

TEST_F(Rotation, AnUplinkMayBeMadeAnewWithOtherAddresses) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  const Daemon daemon(lab, unpinned_policy());
  expect_back();
  on_link(lab.host(), "link delete uplink0\n");
  move_to("162.159.140.2");
  EXPECT_NE(tcp(kOther4), Seen::answered);
  on_link(lab.net(),
          "link add host0 type veth peer name uplink0 netns " + lab.host() +
              "\naddr add 10.78.0.1/24 dev host0\naddr add 2001:db8:78::1/64 dev host0 nodad\n"
              "link set host0 up\n");
  on_link(lab.host(),
          "addr add 10.78.0.2/24 dev uplink0\naddr add 2001:db8:78::2/64 dev uplink0 nodad\n"
          "link set uplink0 up\nroute add default via 10.78.0.1\n"
          "route add default via 2001:db8:78::1\n");
  expect_closed();
  lab.write_resolv_conf("nameserver 10.78.0.1\n");
  expect_back();
  const auto status = daemon.ask<control::StatusReply>(control::StatusRequest{});
  EXPECT_EQ(status.resolvers, std::vector<std::string>{"10.78.0.1"});
  EXPECT_EQ(status.held_links, std::vector<std::string>{"uplink0"}) << "also for raw frames";
}

// CLOCK_BOOTTIME that has gone on by a month since the addresses were kept: a host that slept, or
// another boot.
TEST_F(Rotation, TheClockSinceBootMayJumpBetweenRuns) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  Daemon daemon(lab, unpinned_policy());
  expect_back();
  for (const char* offset : {"2592000", "0"}) {
    daemon.terminate();
    daemon.set_launcher({"unshare", "--time", "--boottime", offset, "--monotonic", offset});
    daemon.start();
    expect_back();
    EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
  }
}

}  // namespace
}  // namespace egress::test
