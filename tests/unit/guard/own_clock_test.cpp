// `refresh: own-clock`: programs are answered from what is held, and move no question.
#include <set>

#include "egress/core/limits.hpp"
#include "unit/guard/guard_fixture.hpp"

namespace egress::guard::test {
namespace {

using namespace std::chrono_literals;
using egress::test::allow_entry;
using egress::test::GuardedHost;
using egress::test::wildcard;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr policy::DnsSettings kOwnClock{.refresh = policy::Refresh::own_clock, .wildcard_rate = {}};

// When questions for IPv4 addresses reach the resolvers in ten minutes, while a program asks as
// often as it likes; each is answered a moment later.
std::vector<Instant> moments_of_questions(const policy::DnsSettings& dns, milliseconds asks_every) {
  GuardedHost host;
  host.set_policy({allow_entry(name_of("api.example.com"))}, dns);
  std::vector<Instant> moments;
  const Instant start = host.clock().now();
  Instant next = start + asks_every;
  while (host.clock().now() < start + 600s) {
    if (host.answer("api.example.com", {"192.0.2.1"}, 3s)) moments.push_back(host.clock().now());
    host.answer("api.example.com", {"2001:db8::1"}, 3s);
    if (host.clock().now() >= next) {
      host.take(header(0x0100, {1, 0, 0, 0}) + question("api.example.com", kA));
      next += asks_every;
    }
    host.pass(50ms);
  }
  return moments;
}

TEST(GuardOwnClock, TheMomentsOfQuestionsAreTheSameWhateverProgramsAsk) {
  const auto quiet = moments_of_questions(kOwnClock, 1h);
  EXPECT_GT(quiet.size(), 100u);
  EXPECT_EQ(moments_of_questions(kOwnClock, 100ms), quiet);
  EXPECT_EQ(moments_of_questions(kOwnClock, 3700ms), quiet);
  EXPECT_NE(moments_of_questions({.wildcard_rate = {}}, 3700ms),
            moments_of_questions({.wildcard_rate = {}}, 1h))
      << "control: on demand they are the programs'";
}

TEST(GuardOwnClock, TheMomentsAreNoMultiplesOfTheTtl) {
  const auto moments = moments_of_questions(kOwnClock, 1h);
  std::set<milliseconds> pauses;
  for (std::size_t i = 1; i < moments.size(); ++i) {
    pauses.insert(moments[i] - moments[i - 1]);
    EXPECT_LE(moments[i] - moments[i - 1], 5s + 100ms) << "before the answer is over";
    EXPECT_GE(moments[i] - moments[i - 1], 4s);
  }
  EXPECT_GT(pauses.size(), 10u);
}

TEST_F(GuardTest, OnItsOwnClockAnAnswerThatIsOverIsGivenAtOnceAndOpenForLongEnough) {
  host.set_policy({allow_entry(name_of("api.example.com"))}, kOwnClock);
  EXPECT_THAT(ask("api.example.com"), IsEmpty()) << "nothing is known yet";
  host.answer("api.example.com", {"192.0.2.1"}, 1s);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr(" 1 192.0.2.1")));
  host.pass(3s);
  ASSERT_THAT(host.asked(), SizeIs(1)) << "AAAA, of the beginning";
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr(" 30 192.0.2.1")));
  expect_open_for(30s + 900s);
  EXPECT_EQ(count(Verdict::stale), 1u);
  EXPECT_THAT(host.asked(), SizeIs(1)) << "and nobody was asked";
}

TEST_F(GuardTest, OnItsOwnClockAFailureIsToldAtOnceAndNotTriedAgainForAProgram) {
  host.set_policy({allow_entry(name_of("api.example.com"))}, kOwnClock);
  host.answer("api.example.com", {"192.0.2.1"}, 60s);
  host.answer("api.example.com", {"2001:db8::1"}, 60s);
  const auto fail = [&] {
    return host.fail("api.example.com", Family::ipv4, dns::Status::timeout);
  };
  host.pass(60s);
  ASSERT_TRUE(fail());
  const auto asked = host.asked();
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr(" 30 192.0.2.1"))) << "RFC 8767";
  for (const nft::LiveElement& element : last.back().table.elements)
    if (element.key.set == nft::SetId::allow && element.key.first.is_v4()) {
      EXPECT_GE(element.expires, 30s + 900s);
    }
  for (int i = 0; i < 3'700; ++i) {
    host.pass(1s);
    fail();
  }
  const auto asked_later = host.asked();
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr("8182 1 0 0 1"))) << "not for ever";
  EXPECT_EQ(host.asked(), asked_later);
}

TEST_F(GuardTest, OnItsOwnClockNamesBelowAWildcardAreStillAskedForWhenAProgramAsks) {
  host.set_policy({allow_entry(wildcard("*.example.com"))}, kOwnClock);
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
  EXPECT_TRUE(host.answer("a.example.com", {"192.0.2.1"}, 1s));
  EXPECT_THAT(replies(), SizeIs(1));
  host.pass(2s);
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
  EXPECT_THAT(host.asked(), SizeIs(1));
}

}  // namespace
}  // namespace egress::guard::test
