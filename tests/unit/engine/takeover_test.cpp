// What was under way before the first table: which sessions are cut, and that they are taken over
// before the commit.
#include <gmock/gmock.h>

#include "egress/engine/engine.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

const Endpoint kOwn = tcp("10.0.0.2", 40000);
const Endpoint kAllowed = tcp("192.0.2.1", 443);
const Endpoint kStranger = tcp("198.51.100.1", 443);

class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest() {
    engine_.handle(OwnAddressesChanged{{ip("10.0.0.2"), ip("127.0.0.1"), ip("172.20.0.1")}}, now_);
  }
  void set_policy(policy::Mode mode = policy::Mode::enforce) {
    auto policy = std::make_shared<policy::Policy>();
    policy->mode = mode;
    policy->forward = {"br-*", "docker0"};
    policy->entries = policy::Entries({{.destination = Prefix(kAllowed.address),
                                        .ports = {443, 443},
                                        .until = {},
                                        .reason = {},
                                        .risk = {},
                                        .origin = {}}});
    engine_.handle(PolicyChanged{policy, {}}, now_);
  }
  void find(std::vector<nft::Session> sessions) {
    engine_.handle(SessionsFound{std::move(sessions),
                                 {{*Prefix::parse("10.0.0.0/24"), "eth0"},
                                  {*Prefix::parse("172.16.0.0/12"), "eth1"},
                                  {*Prefix::parse("172.20.0.0/16"), "br-agents"},
                                  {*Prefix::parse("172.17.0.0/16"), "docker0"},
                                  {*Prefix::parse("172.18.0.0/16"), "docker01"}}},
                   now_);
  }
  // The kinds of the actions, as they come.
  std::vector<std::string> act() {
    std::vector<std::string> kinds;
    for (const Action& action : engine_.act(now_)) {
      if (const auto* adopt = std::get_if<AdoptFlows>(&action)) {
        kinds.emplace_back("adopt");
        adopted_ = adopt->sessions;
      }
      if (std::holds_alternative<ForgetStrangers>(action)) kinds.emplace_back("forget");
      if (std::holds_alternative<Commit>(action)) {
        kinds.emplace_back("commit");
        engine_.handle(CommitDone{}, now_);
      }
    }
    return kinds;
  }
  bool must_end(std::string_view source, const Endpoint& destination) {
    return engine_.must_end({ip(source), destination}, engine_.desired(now_), now_);
  }

  Engine engine_{{}, nft::DnsGuard{553, 990}};
  Instant now_{};
  std::vector<nft::Session> adopted_;
};

TEST_F(TakeoverTest, SessionsAreTakenOverBeforeTheFirstCommit) {
  find({{kStranger, kOwn}});
  EXPECT_THAT(act(), IsEmpty()) << "not without a policy";
  set_policy();
  EXPECT_THAT(act(), ElementsAre("adopt", "forget", "commit"));
  EXPECT_THAT(act(), IsEmpty()) << "once";
  find({});
  EXPECT_THAT(act(), ElementsAre("adopt", "forget"));
}

TEST_F(TakeoverTest, OnlyWhatLeadsOutAndIsNotAllowedIsCut) {
  find({{kStranger, kOwn}, {kOwn, kStranger}, {kOwn, kAllowed}});
  set_policy();
  act();
  EXPECT_THAT(adopted_,
              ElementsAre(nft::Session{kStranger, kOwn, false}, nft::Session{kOwn, kStranger, true},
                          nft::Session{kOwn, kAllowed, false}));
}

// A socket bound to an address that is not the host's, and the one that it has spoken to by
// loopback.
TEST_F(TakeoverTest, ASessionWithBothEndsHereAndASourceThatIsNotIsCut) {
  find({{kStranger, kOwn}, {kStranger, kOwn}});
  set_policy();
  act();
  EXPECT_THAT(adopted_, Each(nft::Session{kStranger, kOwn, true}));
}

TEST_F(TakeoverTest, FlowsThatStrangersSeemToHaveBegunAreForgotten) {
  find({});
  set_policy();
  const auto udp = static_cast<Transport>(17);
  const auto is_strangers = [&](std::string_view from, std::string_view to, Transport transport) {
    return engine_.is_strangers({ip(from), {ip(to), transport, 0}});
  };
  EXPECT_TRUE(is_strangers("198.51.100.1", "10.0.0.2", udp));
  EXPECT_TRUE(is_strangers("198.51.100.1", "172.20.0.2", udp)) << "to a container";
  EXPECT_TRUE(is_strangers("198.51.100.1", "10.0.0.2", static_cast<Transport>(1)));
  EXPECT_FALSE(is_strangers("198.51.100.1", "10.0.0.2", Transport::tcp)) << "SSH goes on";
  EXPECT_FALSE(is_strangers("198.51.100.1", "198.51.100.2", udp)) << "routed for others";
  EXPECT_FALSE(is_strangers("10.0.0.2", "10.0.0.2", udp));
  EXPECT_FALSE(is_strangers("172.20.0.2", "10.0.0.2", udp)) << "a container's own";
}

TEST_F(TakeoverTest, SessionsWithinTheHostAreLeftOut) {
  find({{kOwn, tcp("172.20.0.1", 80)}, {tcp("127.0.0.1", 40000), tcp("127.0.0.53", 53)}});
  set_policy();
  act();
  EXPECT_THAT(adopted_, IsEmpty());
}

TEST_F(TakeoverTest, FlowsAreJudgedByWhereTheyBegan) {
  find({});
  set_policy();
  EXPECT_TRUE(must_end("10.0.0.2", kStranger));
  EXPECT_TRUE(must_end("10.0.0.2", tcp("192.0.2.1", 80))) << "another port";
  EXPECT_TRUE(must_end("10.0.0.2", tcp("172.20.0.2", 80))) << "no link is known that stays here";
  EXPECT_FALSE(must_end("10.0.0.2", kAllowed));
  EXPECT_FALSE(must_end("198.51.100.1", kOwn)) << "came in";
  EXPECT_FALSE(must_end("10.0.0.7", kStranger)) << "routed, and not held";
  EXPECT_TRUE(must_end("172.20.0.2", kStranger));
  EXPECT_TRUE(must_end("172.17.0.2", kStranger));
  EXPECT_FALSE(must_end("172.18.0.2", kStranger)) << "a longer name than docker0";
  EXPECT_FALSE(must_end("172.19.0.2", kStranger)) << "beside what is held";
  EXPECT_FALSE(must_end("172.20.0.2", kAllowed));
  EXPECT_FALSE(must_end("172.20.0.2", tcp("172.17.0.2", 80))) << "stays on the host";
  EXPECT_FALSE(must_end("172.20.0.2", kOwn));
  EXPECT_FALSE(must_end("198.51.100.1", tcp("172.20.0.2", 80))) << "came in to a container";
  const auto icmp = static_cast<Transport>(1);
  EXPECT_TRUE(must_end("10.0.0.2", {kAllowed.address, icmp, 0}));
}

TEST_F(TakeoverTest, AuditCutsNothing) {
  find({{kOwn, kStranger}});
  set_policy(policy::Mode::audit);
  act();
  EXPECT_THAT(adopted_, ElementsAre(nft::Session{kOwn, kStranger, false}));
  EXPECT_FALSE(must_end("10.0.0.2", kStranger));
}

}  // namespace
}  // namespace egress::engine
