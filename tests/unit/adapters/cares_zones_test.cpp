// Which resolvers a name and its aliases are asked of.
#include <gtest/gtest.h>
#include <poll.h>

#include <mutex>

#include "adapters/cares/cares_resolver.hpp"
#include "adapters/cares/detour.hpp"
#include "egress/core/limits.hpp"
#include "unit/adapters/dns_responder.hpp"
#include "unit/adapters/private_network.hpp"

namespace egress::cares {
namespace {

using dns::Status;
using test::DnsResponder;
using test::Octets;
using test::Response;

constexpr Port kPort = 5353;

DnsName name(std::string_view text) {
  return *DnsName::parse(text);
}
policy::ResolverAddress at(std::string_view address) {
  return {*IpAddress::parse(address), kPort};
}

// A server that notes what it is asked for and gives each name its answer; NXDOMAIN for others.
class Server {
 public:
  using Fill = std::function<void(Response&)>;
  Server(const std::string& address, std::map<std::string, Fill> answers)
      : answers_(std::move(answers)),
        responder_(address, kPort,
                   [this](const Octets& query, DnsResponder::Over) { return answer(query); }) {}

  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::vector<Octets> answer(const Octets& query) {
    std::string asked;
    for (std::size_t at = 12; query[at] != 0; at += query[at] + 1U)
      asked += (asked.empty() ? "" : ".") +
               std::string(query.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                           query.begin() + static_cast<std::ptrdiff_t>(at) + 1 + query[at]);
    const std::lock_guard lock(mutex_);
    asked_.push_back(asked);
    Response response(query);
    const auto found = answers_.find(asked);
    if (found == answers_.end()) return {response.rcode(3).octets()};
    found->second(response);
    return {response.octets()};
  }

  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::map<std::string, Fill> answers_;
  DnsResponder responder_;
};

Server::Fill address(std::string owner, std::string text) {
  return [owner = std::move(owner), text = std::move(text)](Response& r) { r.a(owner, 60, text); };
}

class CaresZonesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::enter_private_network(); }

  void open(const policy::Resolvers& resolvers) {
    resolver_ = CaresResolver::open(resolvers, [this](dns::Answer answer) {
                  answers_.push_back(std::move(answer));
                }).value();
  }
  dns::Answer ask(std::string_view text) {
    answers_.clear();
    resolver_->ask({name(text), Family::ipv4});
    while (answers_.empty()) {
      pollfd fd{resolver_->fd(), POLLIN, 0};
      const auto wait = resolver_->wait();
      if (!wait) throw std::logic_error("nothing will ever end the question");
      poll(&fd, 1, static_cast<int>(wait->count()));
      resolver_->dispatch();
    }
    EXPECT_EQ(answers_.front().question.name, name(text));
    return answers_.front();
  }
  static std::vector<std::string> texts(const dns::Answer& answer) {
    std::vector<std::string> all;
    for (const IpAddress& one : answer.addresses) all.push_back(one.text());
    return all;
  }

  const policy::Resolvers split_{.otherwise = {at("127.0.0.1")},
                                 .zones = {{name("vpn.corp"), {at("127.0.0.2")}}}};
  std::unique_ptr<CaresResolver> resolver_;
  std::vector<dns::Answer> answers_;
};

using Strings = std::vector<std::string>;

TEST_F(CaresZonesTest, ANameOfAZoneIsAskedOfItsResolversAloneAndAnyOtherNeverOfThem) {
  Server outside("127.0.0.1", {{"api.example", address("api.example", "192.0.2.1")},
                               {"git.vpn.corp", address("git.vpn.corp", "203.0.113.9")}});
  Server inside("127.0.0.2", {{"git.vpn.corp", address("git.vpn.corp", "192.0.2.2")},
                              {"api.example", address("api.example", "203.0.113.9")}});
  open(split_);
  EXPECT_EQ(texts(ask("git.vpn.corp")), Strings{"192.0.2.2"});
  EXPECT_EQ(texts(ask("api.example")), Strings{"192.0.2.1"});
  EXPECT_EQ(ask("vpn.corp").status, Status::nxdomain) << "the zone itself";
  EXPECT_EQ(ask("evilvpn.corp").status, Status::nxdomain);
  EXPECT_EQ(outside.asked(), (Strings{"api.example", "evilvpn.corp"}));
  EXPECT_EQ(inside.asked(), (Strings{"git.vpn.corp", "vpn.corp"}));
}

TEST_F(CaresZonesTest, AZoneWhoseResolverFailsIsAskedOfNobodyElse) {
  Server outside("127.0.0.1", {{"git.vpn.corp", address("git.vpn.corp", "203.0.113.9")}});
  open(split_);  // nobody listens at 127.0.0.2
  EXPECT_EQ(ask("git.vpn.corp").status, Status::unreachable);
  for (int i = 0; i < 3; ++i) ask("git.vpn.corp");  // its silence is known by now
  EXPECT_EQ(outside.asked(), Strings{});
  ASSERT_EQ(resolver_->tallies().size(), 2U);
  EXPECT_EQ(resolver_->tallies()[1].resolver, "127.0.0.2:5353");
}

TEST_F(CaresZonesTest, ASilentResolverIsProbedWithNamesOfItsZoneAlone) {
  Server outside("127.0.0.1", {});
  Server second("127.0.0.3", {});
  open({.otherwise = {at("127.0.0.1")},
        .zones = {{name("vpn.corp"), {at("127.0.0.2"), at("127.0.0.3")}}}});
  for (int i = 0; i < 3; ++i) ask("git.vpn.corp");
  Server inside("127.0.0.2", {});  // it comes back
  ask("secret.example");
  EXPECT_EQ(inside.asked(), Strings{});
  ask("git.vpn.corp");
  while (resolver_->wait()) {
    pollfd fd{resolver_->fd(), POLLIN, 0};
    poll(&fd, 1, 100);
    resolver_->dispatch();
  }
  EXPECT_EQ(inside.asked(), Strings{"git.vpn.corp"});
}

TEST_F(CaresZonesTest, WithoutADefaultOnlyZonesAreAsked) {
  Server inside("127.0.0.2", {{"git.vpn.corp", address("git.vpn.corp", "192.0.2.2")}});
  open({.otherwise = {}, .zones = split_.zones});
  EXPECT_EQ(ask("api.example").status, Status::unreachable);
  EXPECT_EQ(texts(ask("git.vpn.corp")), Strings{"192.0.2.2"});
  EXPECT_EQ(inside.asked(), Strings{"git.vpn.corp"});
}

// What the first server says of the zone of others counts for nothing, whether it knows or not.
TEST_F(CaresZonesTest, AnAliasIntoAZoneIsAskedOfItsResolvers) {
  Server outside("127.0.0.1", {{"app.example",
                                [](Response& r) {
                                  r.cname("app.example", 30, "git.vpn.corp");
                                  r.a("git.vpn.corp", 5, "203.0.113.9");
                                }},
                               {"gone.example", [](Response& r) {
                                  r.cname("gone.example", 30, "git.vpn.corp").rcode(3);
                                }}});
  Server inside("127.0.0.2", {{"git.vpn.corp", address("git.vpn.corp", "192.0.2.2")}});
  open(split_);
  for (const char* alias : {"app.example", "gone.example"}) {
    const auto answer = ask(alias);
    EXPECT_EQ(answer.status, Status::ok) << alias;
    EXPECT_EQ(texts(answer), Strings{"192.0.2.2"}) << alias;
    EXPECT_EQ(answer.chain, Strings{"git.vpn.corp"}) << alias;
    EXPECT_EQ(answer.resolver, "127.0.0.2:5353");
    EXPECT_LE(answer.ttl, seconds(30)) << "no longer than the alias";
  }
}

TEST_F(CaresZonesTest, AnAliasOutOfAZoneIsAskedOfTheOthers) {
  Server outside("127.0.0.1", {{"cdn.example", [](Response& r) {
                                  r.cname("cdn.example", 20, "edge.example");
                                  r.a("edge.example", 300, "192.0.2.1");
                                }}});
  Server inside("127.0.0.2", {{"git.vpn.corp", [](Response& r) {
                                 r.cname("git.vpn.corp", 300, "lb.vpn.corp");
                                 r.cname("lb.vpn.corp", 300, "cdn.example");
                               }}});
  open(split_);
  const auto answer = ask("git.vpn.corp");
  EXPECT_EQ(texts(answer), Strings{"192.0.2.1"});
  EXPECT_EQ(answer.chain, (Strings{"lb.vpn.corp", "cdn.example", "edge.example"}));
  EXPECT_EQ(answer.ttl, seconds(20));
  EXPECT_EQ(inside.asked(), Strings{"git.vpn.corp"});
  EXPECT_EQ(outside.asked(), Strings{"cdn.example"});
}

TEST_F(CaresZonesTest, WhereTheTargetFailsTheNameFails) {
  Server outside("127.0.0.1", {{"app.example", [](Response& r) {
                                  r.cname("app.example", 30, "git.vpn.corp");
                                  r.a("git.vpn.corp", 5, "203.0.113.9");
                                }}});
  open(split_);
  const auto answer = ask("app.example");
  EXPECT_EQ(answer.status, Status::unreachable);
  EXPECT_EQ(texts(answer), Strings{});
}

TEST_F(CaresZonesTest, AliasesThatLeadInACircleBetweenZonesEnd) {
  Server outside("127.0.0.1",
                 {{"a.example", [](Response& r) { r.cname("a.example", 30, "b.vpn.corp"); }}});
  Server inside("127.0.0.2",
                {{"b.vpn.corp", [](Response& r) { r.cname("b.vpn.corp", 30, "a.example"); }}});
  open(split_);
  EXPECT_EQ(ask("a.example").status, Status::malformed);
  EXPECT_EQ(outside.asked().size() + inside.asked().size(), limits::kCnameChain + 1);
}

TEST_F(CaresZonesTest, ResolversOfTwoZonesThatAreTheSameAreNoOthers) {
  Server outside("127.0.0.1", {{"app.example", [](Response& r) {
                                  r.cname("app.example", 30, "git.vpn.corp");
                                  r.a("git.vpn.corp", 5, "192.0.2.7");
                                }}});
  open({.otherwise = {at("127.0.0.1")}, .zones = {{name("vpn.corp"), {at("127.0.0.1")}}}});
  EXPECT_EQ(texts(ask("app.example")), Strings{"192.0.2.7"});
  EXPECT_EQ(outside.asked(), Strings{"app.example"});
  EXPECT_EQ(resolver_->tallies().size(), 1U);
}

TEST_F(CaresZonesTest, ANewZoneTakesOpenQuestionsOver) {
  const DnsResponder silent(
      "127.0.0.1", kPort, [](const Octets&, DnsResponder::Over) { return std::vector<Octets>(); });
  Server inside("127.0.0.2", {{"git.vpn.corp", address("git.vpn.corp", "192.0.2.2")}});
  open({.otherwise = {at("127.0.0.1")}});
  resolver_->ask({name("git.vpn.corp"), Family::ipv4});
  ASSERT_TRUE(resolver_->set_resolvers(split_));
  while (answers_.empty()) {
    pollfd fd{resolver_->fd(), POLLIN, 0};
    poll(&fd, 1, 100);
    resolver_->dispatch();
  }
  EXPECT_EQ(texts(answers_.front()), Strings{"192.0.2.2"});
}

}  // namespace
}  // namespace egress::cares
