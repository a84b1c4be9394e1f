// The clocks jump while egressd runs: the civil one because somebody sets it, the one since boot
// because the host slept. Nothing opens, what is allowed stays or comes back, and no grant grows.
// The machine's own clocks stay as they are: the daemon is given others (shifted_clocks.c).
#include "net/guard_fixture.hpp"
#include "net/shifted_clocks.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr const char* kName = "api.openai.com";
constexpr days kYear{365};
constexpr auto kGrant = 6s;

class Clocks : public GuardTest {
 protected:
  Clocks() {
    daemon.terminate();
    daemon.set_environment(clocks.environment());
    move_to("162.159.140.1");
    daemon.start();
    boot_ = health().boottime_ms;
    expect_served();
  }

  // From now on only this address is told, for a second.
  void move_to(const std::string& address) {
    address_ = address;
    dns.set(kName, {.addresses = {address}, .ttl = 1});
  }

  control::HealthReply health() const {
    return daemon.ask<control::HealthReply>(control::HealthRequest{});
  }
  bool civil_year_is(int year) const { return health().wall.starts_with(std::to_string(year)); }
  static int this_year() {
    const auto today = std::chrono::floor<days>(std::chrono::system_clock::now());
    return static_cast<int>(std::chrono::year_month_day(today).year());
  }
  bool has_slept(hours length) const {
    return health().boottime_ms - boot_ >= std::chrono::milliseconds(length).count();
  }

  bool is_served() { return tcp(address_) == Seen::answered; }
  // Whatever the clocks: nothing that nobody allowed arrives on the far side.
  void expect_closed() {
    Tap after(lab.net(), "host0");
    for (const char* address : {kOther4, kOther6}) {
      EXPECT_EQ(tcp(address), Seen::refused) << address;
      EXPECT_EQ(after.count(address), 0U) << address;
    }
    EXPECT_TRUE(is_blocked(ask("secret.example.org")));
    EXPECT_FALSE(after.carried("secret"));
  }
  void expect_served() {
    EXPECT_TRUE(eventually([&] { return is_served(); })) << address_;
    EXPECT_EQ(rcode_of(ask(kName)), kNoError);
    expect_closed();
    EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
  }
  // At an address that only a new answer can tell.
  void expect_served_anew() {
    move_to("162.159.140." + std::to_string(++moves_));
    expect_served();
  }
  void grant() {
    const Finished allow = daemon.egressctl(
        {"allow", std::string(kOther4) + ":443", "--for", std::to_string(kGrant.count()) + "s"});
    ASSERT_EQ(allow.exit_code, 0) << allow.output;
    ASSERT_EQ(tcp(kOther4), Seen::answered);
  }

  const ShiftedClocks clocks{lab.dir() / "clock-shifts"};
  Daemon daemon{lab, guarded_policy("api.openai.com:443, " + std::string(kApi4Second) + ":443")};

 private:
  std::string address_;
  int moves_ = 1;
  std::int64_t boot_ = 0;
};

TEST_F(Clocks, TheCivilClockMayBeSetByYears) {
  for (const int years : {10, -10, -40, 0}) {
    const int year = this_year() + years;
    clocks.shift(years * kYear, 0s);
    ASSERT_TRUE(civil_year_is(year) || civil_year_is(year - 1) || civil_year_is(year + 1))
        << health().wall;
    EXPECT_TRUE(is_served()) << "all along";
    EXPECT_EQ(tcp(kApi4Second), Seen::answered);
    expect_served_anew();
    ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
    EXPECT_TRUE(is_served()) << "all along";
    daemon.crash();
    daemon.start();
    expect_served_anew();
  }
}

TEST_F(Clocks, ACivilClockThatIsSetBackProlongsNoGrant) {
  expect_closed();
  grant();
  clocks.shift(-kYear, 0s);
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::answered) << "not over yet";
  ASSERT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }, 3 * kGrant));
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
    expect_closed();
  }
}

TEST_F(Clocks, ACivilClockThatIsSetForwardProlongsNoGrant) {
  expect_closed();
  grant();
  clocks.shift(kYear, 0s);
  ASSERT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }, 3 * kGrant));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  expect_closed();
  clocks.shift(0s, 0s);  // in which the grant goes on
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  expect_closed();
}

TEST_F(Clocks, AnOpenHostClosesAtItsTimeWhateverTheCivilClock) {
  expect_closed();
  ASSERT_EQ(daemon.egressctl({"open", "--yes", "--for", "6s"}).exit_code, 0);
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  clocks.shift(-kYear, 0s);
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  ASSERT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }, 3 * kGrant));
  expect_closed();
}

// The kernel's timeouts stand still while the host sleeps; egressd's clock does not.
TEST_F(Clocks, AfterASleepGrantsAndPosturesAreOverAndNamesComeBack) {
  constexpr hours kNight{9};
  hours slept{0};
  const auto sleep_a_night = [&] {
    slept += kNight;
    clocks.shift(slept, slept);
    ASSERT_TRUE(has_slept(slept));
  };
  ASSERT_EQ(daemon.egressctl({"allow", std::string(kOther4) + ":443", "--for", "8h"}).exit_code, 0);
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  ASSERT_EQ(daemon.egressctl({"allow", "udp/203.0.113.9:9", "--for", "30h"}).exit_code, 0);
  sleep_a_night();
  EXPECT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }, 3s)) << "a grant";
  expect_served_anew();
  const Finished diff = daemon.egressctl({"diff"});
  EXPECT_EQ(diff.exit_code, 0) << "the longer grant ends late in the kernel, in time in egressd\n"
                               << diff.output;

  ASSERT_EQ(daemon.egressctl({"open", "--yes", "--for", "8h"}).exit_code, 0);
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  sleep_a_night();
  EXPECT_TRUE(eventually([&] { return tcp(kOther4) == Seen::refused; }, 3s)) << "a posture";
  expect_served_anew();

  sleep_a_night();
  expect_served_anew();
}

}  // namespace
}  // namespace egress::test
