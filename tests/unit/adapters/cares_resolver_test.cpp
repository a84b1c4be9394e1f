#include "adapters/cares/cares_resolver.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "egress/core/limits.hpp"
#include "unit/adapters/dns_responder.hpp"
#include "unit/adapters/private_network.hpp"

namespace egress::cares {
namespace {

using dns::Status;
using std::chrono::steady_clock;
using test::DnsResponder;
using test::Octets;
using test::Response;
using Over = DnsResponder::Over;

constexpr Port kPort = 5353;
constexpr auto kName = "api.example.com";

dns::Question question(std::string_view name = kName, Family family = Family::ipv4) {
  return {*DnsName::parse(name), family};
}
IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}
policy::ResolverAddress resolver(std::string_view address, Port port = kPort) {
  return {ip(address), port};
}

// What a responder says to every query.
DnsResponder::Script always(std::function<void(Response&)> fill) {
  return [fill = std::move(fill)](const Octets& query, Over) -> std::vector<Octets> {
    Response response(query);
    fill(response);
    return {response.octets()};
  };
}
DnsResponder::Script rcode(unsigned value) {
  return always([value](Response& response) { response.rcode(value); });
}
DnsResponder::Script good() {
  return always([](Response& response) { response.a(kName, 60, "192.0.2.1"); });
}
std::vector<Octets> silence(const Octets&, Over) {
  return {};
}

class CaresResolverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::enter_private_network(); }

  void open(const std::vector<policy::ResolverAddress>& resolvers = {resolver("127.0.0.1")}) {
    resolver_ = CaresResolver::open({.otherwise = resolvers}, [this](dns::Answer answer) {
                  answers_.push_back(std::move(answer));
                }).value();
  }
  // Turns the loop as the daemon does until `count` answers are there.
  void turn_until(std::size_t count) {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (answers_.size() < count && steady_clock::now() < end) {
      pollfd fd{resolver_->fd(), POLLIN, 0};
      const auto wait = resolver_->wait();
      ASSERT_TRUE(wait) << "a question is open, but nothing will ever end it";
      poll(&fd, 1, static_cast<int>(wait->count()));
      ++turns_;
      resolver_->dispatch();
    }
    ASSERT_EQ(answers_.size(), count);
  }
  dns::Answer ask(const dns::Question& asked = question()) {
    answers_.clear();
    resolver_->ask(asked);
    turn_until(1);
    return answers_.empty() ? dns::Answer{} : answers_.front();
  }
  dns::Answer ask_of(const DnsResponder::Script& script) {
    const DnsResponder responder("127.0.0.1", kPort, script);
    open();
    return ask();
  }

  std::unique_ptr<CaresResolver> resolver_;
  std::vector<dns::Answer> answers_;
  int turns_ = 0;
};

TEST_F(CaresResolverTest, Answers) {
  const auto answer = ask_of(good());
  EXPECT_EQ(answer, (dns::Answer{question(),
                                 Status::ok,
                                 {ip("192.0.2.1")},
                                 seconds(60),
                                 {},
                                 "",
                                 "127.0.0.1:" + std::to_string(kPort)}));
  EXPECT_FALSE(resolver_->wait()) << "an idle resolver must not wake anybody";
}

TEST_F(CaresResolverTest, AnswersOverIpv6) {
  const DnsResponder responder(
      "::1", kPort, always([](Response& response) { response.aaaa(kName, 60, "2001:db8::1"); }));
  open({resolver("::1")});
  EXPECT_EQ(ask(question(kName, Family::ipv6)).addresses, std::vector{ip("2001:db8::1")});
}

TEST_F(CaresResolverTest, AskingIsNeverAnsweredAtOnce) {
  open({});
  resolver_->ask(question());
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(resolver_->wait(), milliseconds(0));
  turn_until(1);
  EXPECT_EQ(answers_.front().status, Status::unreachable);
}

TEST_F(CaresResolverTest, AsksForExactlyTheNameAndWithEdns) {
  Octets seen;
  const DnsResponder responder("127.0.0.1", kPort,
                               [&](const Octets& query, Over) -> std::vector<Octets> {
                                 seen = query;
                                 return {Response(query).rcode(3).octets()};
                               });
  open();
  EXPECT_EQ(ask().status, Status::nxdomain);
  EXPECT_EQ(responder.udp_queries(), 1) << "no search domains, no second try after NXDOMAIN";
  const Octets name = test::wire_name(kName);
  EXPECT_TRUE(std::equal(name.begin(), name.end(), seen.begin() + 12));
  const Octets opt{0, 0, 41, 1232 >> 8, 1232 & 0xFF};
  EXPECT_NE(std::search(seen.begin(), seen.end(), opt.begin(), opt.end()), seen.end());
}

TEST_F(CaresResolverTest, HostsFileIsNotRead) {
  const DnsResponder responder("127.0.0.1", kPort, rcode(3));
  open();
  EXPECT_EQ(ask(question("localhost")).status, Status::nxdomain);
  EXPECT_EQ(responder.udp_queries(), 1);
}

TEST_F(CaresResolverTest, FailuresAreToldApart) {
  EXPECT_EQ(ask_of(rcode(0)).status, Status::nodata);
  EXPECT_EQ(ask_of(rcode(2)).status, Status::servfail);
  EXPECT_EQ(ask_of(rcode(3)).status, Status::nxdomain);
  EXPECT_EQ(ask_of(rcode(4)).status, Status::servfail);
  EXPECT_EQ(ask_of(rcode(5)).status, Status::refused);
  EXPECT_EQ(ask_of(always([](Response& r) { r.set16(6, 3); })).status, Status::malformed);
}

TEST_F(CaresResolverTest, NobodyListensIsUnreachable) {
  open();
  EXPECT_EQ(ask().status, Status::unreachable);
}

TEST_F(CaresResolverTest, NoRouteIsUnreachable) {
  open({resolver("192.0.2.53"), resolver("2001:db8::53")});
  EXPECT_EQ(ask().status, Status::unreachable);
}

TEST_F(CaresResolverTest, SilenceIsATimeoutAfterTwoTriesWithoutBusyWaiting) {
  const DnsResponder responder("127.0.0.1", kPort, silence);
  open();
  const auto start = steady_clock::now();
  EXPECT_EQ(ask().status, Status::timeout);
  const auto took = steady_clock::now() - start;
  EXPECT_GE(took, std::chrono::milliseconds(2900));
  EXPECT_LE(took, std::chrono::milliseconds(4500));
  EXPECT_EQ(responder.udp_queries(), 2);
  EXPECT_LE(turns_, 4);
}

// Later versions of c-ares would measure the resolver and be quick to give it up, and keep answers.
TEST_F(CaresResolverTest, AResolverThatHasBeenQuickMayTakeItsTime) {
  std::atomic<bool> is_slow = false;
  const DnsResponder responder("127.0.0.1", kPort, [&is_slow](const Octets& query, Over over) {
    if (is_slow) std::this_thread::sleep_for(milliseconds(600));
    return good()(query, over);
  });
  open();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask().status, Status::ok);
  EXPECT_EQ(responder.udp_queries(), 10) << "each question is asked";
  is_slow = true;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask().status, Status::ok);
}

TEST_F(CaresResolverTest, ForgeriesAreIgnored) {
  const auto answer = ask_of([](const Octets& query, Over) -> std::vector<Octets> {
    const auto forged = [&] { return Response(query).a(kName, 60, "203.0.113.9"); };
    const unsigned id = static_cast<unsigned>(query[0] << 8 | query[1]);
    return {forged().set16(0, id ^ 1U).octets(),
            Response("other.example", test::kA, id).a("other.example", 60, "203.0.113.9").octets(),
            Response(query).a(kName, 60, "192.0.2.1").octets()};
  });
  EXPECT_EQ(answer.status, Status::ok);
  EXPECT_EQ(answer.addresses, std::vector{ip("192.0.2.1")});
}

TEST_F(CaresResolverTest, GarbageEndsNoQuestion) {
  std::atomic<bool> is_first = true;
  const auto answer = ask_of([&](const Octets& query, Over) -> std::vector<Octets> {
    const Octets good = Response(query).a(kName, 60, "192.0.2.1").octets();
    if (!is_first.exchange(false)) return {good};
    return {{1, 2, 3}, Octets(600, 0xFF), good};
  });
  EXPECT_EQ(answer.status, Status::ok);
}

TEST_F(CaresResolverTest, UnrelatedOwnersOpenNothing) {
  const auto answer = ask_of(always([](Response& r) { r.a("evil.example", 60, "203.0.113.9"); }));
  EXPECT_EQ(answer.status, Status::nodata);
  EXPECT_TRUE(answer.addresses.empty());
}

TEST_F(CaresResolverTest, ChainTtlIsTheLeast) {
  const auto answer = ask_of(always([](Response& response) {
    response.cname(kName, 300, "b.example").cname("b.example", 7, "c.example");
    response.a("c.example", 900, "192.0.2.1");
  }));
  EXPECT_EQ(answer.ttl, seconds(7));
  EXPECT_EQ(answer.chain, (std::vector<std::string>{"b.example", "c.example"}));
}

// Truncated over UDP, whole over TCP.
DnsResponder::Script large(unsigned addresses) {
  return [=](const Octets& query, Over over) -> std::vector<Octets> {
    if (over == Over::udp) return {Response(query).flags(0x8380).octets()};
    Response response(query);
    for (unsigned i = 0; i < addresses; ++i)
      response.a(kName, 60, "198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256));
    return {response.octets()};
  };
}

TEST_F(CaresResolverTest, TruncationFallsBackToTcp) {
  EXPECT_EQ(ask_of(large(256)).addresses.size(), 256U);
  EXPECT_EQ(ask_of(large(300)).addresses.size(), limits::kAddressesPerAnswer + 1);
}

TEST_F(CaresResolverTest, TruncationWithoutTcpFails) {
  const auto answer = ask_of([](const Octets& query, Over) -> std::vector<Octets> {
    return {Response(query).flags(0x8380).a(kName, 60, "192.0.2.1").octets()};
  });
  EXPECT_EQ(answer.status, Status::malformed) << "a partial RRset must not pass for the whole";
}

// A connection that the resolver closes takes nobody else's answer along.
TEST_F(CaresResolverTest, AQuestionUnderWayOutlivesAnothersBrokenConnection) {
  const std::string large_name = "large.example";
  std::atomic<int> asked = 0;
  const DnsResponder responder("127.0.0.1", kPort,
                               [&](const Octets& query, Over over) -> std::vector<Octets> {
                                 const bool is_large = query[12] == large_name.find('.');
                                 if (over == Over::tcp || (!is_large && asked++ == 0)) return {};
                                 if (is_large) return {Response(query).flags(0x8380).octets()};
                                 return {Response(query).a(kName, 60, "192.0.2.1").octets()};
                               });
  open();
  resolver_->ask(question());
  resolver_->ask(question(large_name));
  turn_until(2);
  for (const auto& answer : answers_)
    EXPECT_EQ(answer.status, answer.question == question() ? Status::ok : Status::unreachable);
}

TEST_F(CaresResolverTest, TheNextResolverIsAskedAfterEachKindOfFailure) {
  const DnsResponder healthy("127.0.0.2", kPort, good());
  const std::vector<policy::ResolverAddress> both{resolver("127.0.0.1"), resolver("127.0.0.2")};
  for (const auto& script : {rcode(2), rcode(5), DnsResponder::Script(silence)}) {
    const DnsResponder broken("127.0.0.1", kPort, script);
    open(both);
    EXPECT_EQ(ask().status, Status::ok);
    EXPECT_EQ(broken.udp_queries(), 1);
  }
  open(both);  // nobody listens at the first
  EXPECT_EQ(ask().status, Status::ok);
}

TEST_F(CaresResolverTest, TheFirstResolverThatKnowsDecides) {
  const DnsResponder first("127.0.0.1", kPort, rcode(3));
  const DnsResponder second("127.0.0.2", kPort, good());
  open({resolver("127.0.0.1"), resolver("127.0.0.2")});
  EXPECT_EQ(ask().status, Status::nxdomain);
  EXPECT_EQ(second.udp_queries(), 0);
}

TEST_F(CaresResolverTest, TheMostTellingFailureIsTheAnswer) {
  const DnsResponder first("127.0.0.1", kPort, rcode(2));
  open({resolver("127.0.0.1"), resolver("127.0.0.9")});
  EXPECT_EQ(ask().status, Status::servfail);
  EXPECT_EQ(first.udp_queries(), 1);
}

class ADeadResolver : public CaresResolverTest {
 protected:
  static constexpr milliseconds kAtOnce{50};
  static constexpr milliseconds kLong{1000};  // less than a try, more than an answer

  milliseconds time_of_asking(Status expected = Status::ok) {
    const auto start = steady_clock::now();
    EXPECT_EQ(ask().status, expected);
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  }
  milliseconds mean_time_of_asking(int times) {
    milliseconds all{0};
    for (int i = 0; i < times; ++i) all += time_of_asking();
    return all / times;
  }
  void let_it_be_noticed() {
    for (int i = 0; i < 2; ++i) EXPECT_GT(time_of_asking(), kLong) << "it does delay";
  }
  // Until everything under way has ended, probes as well.
  void settle() {
    while (const auto wait = resolver_->wait()) {
      pollfd fd{resolver_->fd(), POLLIN, 0};
      poll(&fd, 1, static_cast<int>(wait->count()));
      resolver_->dispatch();
    }
  }
};

TEST_F(ADeadResolver, DelaysTheFirstQuestionsAlone) {
  const DnsResponder dead("127.0.0.1", kPort, silence);
  const DnsResponder healthy("127.0.0.2", kPort, good());
  open({resolver("127.0.0.1"), resolver("127.0.0.2")});
  let_it_be_noticed();
  const auto start = steady_clock::now();
  EXPECT_LT(mean_time_of_asking(100), kAtOnce);
  settle();
  const auto tries = (steady_clock::now() - start) / kLong + 1;
  EXPECT_LE(dead.udp_queries(), 2 + tries) << "one question at a time is put to it";
}

TEST_F(ADeadResolver, CostsNothingWhereSeveralAreDead) {
  const DnsResponder dead("127.0.0.1", kPort, silence);
  const DnsResponder too("127.0.0.3", kPort, silence);
  const DnsResponder healthy("127.0.0.2", kPort, good());
  open({resolver("127.0.0.1"), resolver("127.0.0.3"), resolver("127.0.0.2")});
  let_it_be_noticed();
  EXPECT_LT(mean_time_of_asking(20), kAtOnce);
}

TEST_F(ADeadResolver, IsNotWaitedForWhereAnotherHasSaidWhatIsWrong) {
  std::atomic<bool> fails = false;
  const DnsResponder dead("127.0.0.1", kPort, silence);
  const DnsResponder other("127.0.0.2", kPort, [&fails](const Octets& query, Over over) {
    return fails ? rcode(2)(query, over) : good()(query, over);
  });
  open({resolver("127.0.0.1"), resolver("127.0.0.2")});
  let_it_be_noticed();
  fails = true;
  EXPECT_LT(time_of_asking(Status::servfail), kLong);
}

TEST_F(ADeadResolver, IsAskedFirstAgainOnceItSpeaks) {
  std::atomic<bool> is_dead = true;
  const DnsResponder first("127.0.0.1", kPort, [&is_dead](const Octets& query, Over over) {
    return is_dead ? std::vector<Octets>{} : good()(query, over);
  });
  const DnsResponder second("127.0.0.2", kPort, good());
  open({resolver("127.0.0.1"), resolver("127.0.0.2")});
  let_it_be_noticed();
  is_dead = false;
  ask();  // of the second, and a probe of the first
  settle();
  const int before = second.udp_queries();
  EXPECT_EQ(ask().resolver, "127.0.0.1:" + std::to_string(kPort));
  EXPECT_EQ(second.udp_queries(), before);
}

TEST_F(ADeadResolver, OneLostDatagramChangesNoOrder) {
  std::atomic<int> asked = 0;
  const DnsResponder first("127.0.0.1", kPort, [&asked](const Octets& query, Over over) {
    return asked++ % 2 == 0 ? std::vector<Octets>{} : good()(query, over);
  });
  const DnsResponder second("127.0.0.2", kPort, good());
  open({resolver("127.0.0.1"), resolver("127.0.0.2")});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask().resolver, "127.0.0.2:" + std::to_string(kPort));
    EXPECT_EQ(ask().resolver, "127.0.0.1:" + std::to_string(kPort));
  }
}

TEST_F(CaresResolverTest, CountsHowEachResolverAnswers) {
  const DnsResponder broken("127.0.0.1", kPort, rcode(2));
  const DnsResponder sound("127.0.0.2", kPort, good());
  open({resolver("127.0.0.1"), resolver("127.0.0.2")});
  ask();
  ask();
  const auto& tallies = resolver_->tallies();
  ASSERT_EQ(tallies.size(), 2U);
  EXPECT_EQ(tallies[0].failures, 2U);
  EXPECT_EQ(tallies[0].failures_since, 2U);
  EXPECT_EQ(tallies[0].answers, 0U);
  EXPECT_EQ(tallies[0].last_failure, Status::servfail);
  EXPECT_EQ(tallies[1].answers, 2U);
  EXPECT_EQ(tallies[1].failures, 0U);
}

TEST_F(CaresResolverTest, ManyQuestionsGetOneAnswerEach) {
  const DnsResponder responder("127.0.0.1", kPort,
                               [](const Octets& query, Over) -> std::vector<Octets> {
                                 const auto once = Response(query).rcode(3).octets();
                                 return {once, once};  // duplicated on the way
                               });
  open();
  std::set<std::string> open_names;
  for (std::size_t i = 0; i < limits::kLookupsInFlight; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    resolver_->ask(question(name));
    open_names.insert(name);
  }
  turn_until(open_names.size());
  resolver_->dispatch();
  for (const auto& answer : answers_) EXPECT_EQ(open_names.erase(answer.question.name.text()), 1U);
  EXPECT_TRUE(open_names.empty());
}

TEST_F(CaresResolverTest, OpenQuestionsMoveToTheNewResolvers) {
  const DnsResponder silent("127.0.0.1", kPort, silence);
  const DnsResponder healthy("127.0.0.2", kPort, good());
  open();
  resolver_->ask(question());
  ASSERT_TRUE(resolver_->set_resolvers({.otherwise = {resolver("127.0.0.2")}}));
  turn_until(1);
  EXPECT_EQ(answers_.front().status, Status::ok);
  resolver_->ask(question());
  resolver_->ask(question("other.example"));
  ASSERT_TRUE(resolver_->set_resolvers({}));
  turn_until(3);
  EXPECT_EQ(answers_[1].status, Status::unreachable);
  EXPECT_EQ(answers_[2].status, Status::unreachable);
}

TEST_F(CaresResolverTest, TooManyResolversAreRefusedAndTheOldOnesStay) {
  const DnsResponder healthy("127.0.0.1", kPort, good());
  open();
  std::vector<policy::ResolverAddress> many;
  for (Port port = 1; port <= limits::kResolversInAll; ++port)
    many.push_back(resolver("127.0.0.1", port));
  many.push_back(resolver("127.0.0.1"));
  EXPECT_FALSE(resolver_->set_resolvers({.otherwise = many}));
  EXPECT_EQ(ask().status, Status::ok);
  many.erase(many.begin());
  EXPECT_TRUE(resolver_->set_resolvers({.otherwise = many}));
}

TEST_F(CaresResolverTest, TheCallbackMayAskAndReplaceResolvers) {
  const DnsResponder healthy("127.0.0.2", kPort, good());
  int answers = 0;
  resolver_ = CaresResolver::open({}, [&](const dns::Answer& answer) {
                if (++answers > 1) return answers_.push_back(answer);
                EXPECT_TRUE(resolver_->set_resolvers({.otherwise = {resolver("127.0.0.2")}}));
                resolver_->ask(question());
              }).value();
  resolver_->ask(question());
  turn_until(1);
  EXPECT_EQ(answers_.front().status, Status::ok);
}

TEST_F(CaresResolverTest, OpenQuestionsEndSilentlyWithTheResolver) {
  const DnsResponder silent("127.0.0.1", kPort, silence);
  open();
  resolver_->ask(question());
  resolver_->dispatch();
  resolver_.reset();
  EXPECT_TRUE(answers_.empty());
}

}  // namespace
}  // namespace egress::cares
