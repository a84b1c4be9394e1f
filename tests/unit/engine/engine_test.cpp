#include "egress/engine/engine.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "egress/core/limits.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Verb = nft::Change::Verb;

const DnsName kApi = *DnsName::parse("api.openai.com");
const DnsName kOther = *DnsName::parse("api.anthropic.com");

nft::ElementKey allow(std::string_view address, Port port) {
  return nft::ElementKey::endpoint(nft::SetId::allow, tcp(address, port));
}
policy::AllowEntry entry(policy::Destination destination, Port port = 443) {
  return {.destination = std::move(destination),
          .ports = {port, port},
          .until = {},
          .reason = {},
          .risk = {},
          .origin = {}};
}

// The kernel here is one that acknowledges everything; its mistakes are the simulation's business.
class EngineTest : public testing::Test {
 protected:
  void set_policy(std::vector<policy::AllowEntry> entries,
                  policy::Mode mode = policy::Mode::enforce) {
    auto policy = std::make_shared<policy::Policy>();
    policy->mode = mode;
    policy->entries = policy::Entries(std::move(entries));
    const WallTime wall = kWall + std::chrono::floor<seconds>(now_ - kStart) + clock_set_by_;
    engine_.handle(PolicyChanged{policy, wall}, now_);
    act();
  }
  void act() {
    commits_.clear();
    asked_.clear();
    cuts_.clear();
    filters_.clear();
    notices_.clear();
    ended_.clear();
    for (;;) {
      const std::vector<Action> actions = engine_.act(now_);
      if (actions.empty()) return;
      for (const Action& action : actions) take(action);
    }
  }
  void take(const Action& action) {
    if (const auto* ask = std::get_if<Ask>(&action)) asked_.push_back(ask->question);
    if (const auto* cut = std::get_if<CutFlows>(&action)) cuts_.push_back(cut->revoked);
    if (const auto* notice = std::get_if<Notice>(&action)) notices_.push_back(notice->event);
    if (const auto* ended = std::get_if<GrantEnded>(&action)) ended_.push_back(ended->target);
    if (const auto* frames = std::get_if<FilterFrames>(&action)) {
      filters_.push_back(frames->filter);
      engine_.handle(FramesFiltered{frames_outcome_}, now_);
    }
    if (const auto* commit = std::get_if<Commit>(&action)) {
      commits_.push_back(commit->transaction);
      engine_.handle(CommitDone{next_outcome_}, now_);
      next_outcome_ = {};
    }
  }
  static std::vector<std::string> links_of(const nft::FrameFilter& filter) {
    std::vector<std::string> names;
    for (const nft::Link& link : filter.links) names.push_back(link.name);
    return names;
  }
  void answer(const DnsName& name, std::vector<IpAddress> addresses, seconds ttl = 60s,
              Family family = Family::ipv4) {
    engine_.handle(Answered{{{name, family}, dns::Status::ok, std::move(addresses), ttl, {}}},
                   now_);
    act();
  }
  void failure(const DnsName& name, dns::Status status, Family family) {
    engine_.handle(Answered{{{name, family}, status, {}, 0s, {}}}, now_);
    act();
  }
  bool permits(std::string_view address, Port port) {
    return engine_.installed() != nullptr && engine_.installed()->permits(tcp(address, port), now_);
  }

  static constexpr Instant kStart{1h};
  seconds clock_set_by_{0};
  static constexpr WallTime kWall{1'800'000'000s};
  Instant now_ = kStart;
  Engine engine_{nft::Capabilities{}};
  nft::CommitOutcome next_outcome_;
  nft::CommitOutcome frames_outcome_;
  std::vector<nft::FrameFilter> filters_;
  std::vector<nft::Transaction> commits_;
  std::vector<dns::Question> asked_;
  std::vector<std::vector<nft::ElementKey>> cuts_;
  std::vector<std::string> notices_;
  std::vector<std::string> ended_;
};

// The table of the daemon before knows another mark: what is asked under it is refused.
TEST_F(EngineTest, TheFirstQuestionsFollowTheFirstCommit) {
  auto policy = std::make_shared<policy::Policy>();
  policy->entries = policy::Entries({entry(kApi)});
  engine_.handle(PolicyChanged{policy, kWall}, now_);
  const std::vector<Action> actions = engine_.act(now_);
  const auto is = [](auto tag) {
    return [](const Action& action) { return std::holds_alternative<decltype(tag)>(action); };
  };
  const auto commit = std::ranges::find_if(actions, is(Commit{}));
  const auto ask = std::ranges::find_if(actions, is(Ask{}));
  ASSERT_NE(commit, actions.end());
  ASSERT_NE(ask, actions.end());
  EXPECT_LT(commit, ask);
}

TEST_F(EngineTest, TheFirstCommitInstallsTheClosedBaseBeforeAnyAnswer) {
  EXPECT_FALSE(engine_.is_enforcing());
  set_policy({entry(kApi)});
  ASSERT_THAT(commits_, SizeIs(1));
  EXPECT_TRUE(commits_[0].replace.has_value());
  EXPECT_THAT(commits_[0].changes, IsEmpty());
  EXPECT_THAT(asked_, SizeIs(2));
  EXPECT_TRUE(engine_.is_enforcing());
}

TEST_F(EngineTest, AnAnswerOpensExactlyTheEntrysPortsAtItsAddresses) {
  set_policy({entry(kApi), entry(kApi, 8443), entry(kOther)});
  answer(kApi, {ip("192.0.3.1")});
  EXPECT_TRUE(permits("192.0.3.1", 443));
  EXPECT_TRUE(permits("192.0.3.1", 8443));
  EXPECT_FALSE(permits("192.0.3.1", 80));
  EXPECT_FALSE(engine_.installed()->permits({ip("192.0.3.1"), Transport::udp, 443}, now_));
  EXPECT_FALSE(permits("192.0.3.2", 443));
}

TEST_F(EngineTest, WithoutNewsThereIsNothingToDo) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  act();
  EXPECT_THAT(commits_, IsEmpty());
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_GT(engine_.next_deadline(), now_);
}

TEST_F(EngineTest, ARefreshOfASteadyAddressCostsNoMessageUntilAQuarterOfItsLifetimeIsGone) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  failure(kApi, dns::Status::nodata, Family::ipv6);
  int renewals = 0;
  for (int minute = 1; minute <= 60; ++minute) {
    now_ += 60s;
    act();
    answer(kApi, {ip("192.0.3.1")});
    for (const nft::Transaction& commit : commits_)
      renewals += static_cast<int>(commit.changes.size());
    const Instant end = engine_.installed()->elements.at(allow("192.0.3.1", 443));
    EXPECT_GE(end - now_, (60s + 15min) * 3 / 4) << "the dead man's switch must not come early";
    EXPECT_LE(end - now_, 60s + 15min);
  }
  EXPECT_GT(renewals, 10);
  EXPECT_LT(renewals, 20);
}

TEST_F(EngineTest, AnAddressThatRotatesOutKeepsItsWholeGrace) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  now_ += 60s;
  act();
  answer(kApi, {ip("192.0.3.1")});  // eased: the element keeps its old end
  const Instant seen = now_;
  now_ += 60s;
  act();
  answer(kApi, {ip("192.0.3.2")});
  EXPECT_EQ(engine_.installed()->elements.at(allow("192.0.3.1", 443)), seen + 60s + 15min);
  now_ = seen + 60s + 15min;
  act();
  EXPECT_FALSE(permits("192.0.3.1", 443));
  EXPECT_THAT(cuts_, IsEmpty()) << "running out is no revocation: open connections go on";
}

TEST_F(EngineTest, ASharedAddressLeavesWithItsLastOwner) {
  set_policy({entry(kApi), entry(kOther)});
  answer(kApi, {ip("192.0.3.1")});
  answer(kOther, {ip("192.0.3.1")});
  set_policy({entry(kOther)});
  EXPECT_TRUE(permits("192.0.3.1", 443));
  set_policy({});
  EXPECT_FALSE(permits("192.0.3.1", 443));
}

// Others translate ports, too: theirs are left alone, unless they lead past the guard.
TEST_F(EngineTest, MisledIsWhatGoesPastTheGuardOrToWhereItWas) {
  engine_ = Engine(nft::Capabilities{}, nft::DnsGuard{553, 990});
  const auto is_misled = [&](Port asked, Port port) {
    return engine_.is_misled({ip("192.0.2.7"), tcp("192.0.2.53", port), 0s, asked});
  };
  auto polled = std::make_shared<policy::Policy>();
  polled->dns.mode = policy::DnsMode::poll;
  engine_.handle(PolicyChanged{polled, kWall}, now_);
  act();
  ASSERT_FALSE(engine_.installed()->base.dns_guard);
  EXPECT_TRUE(is_misled(53, 553));
  EXPECT_FALSE(is_misled(53, 53));
  EXPECT_FALSE(is_misled(53, 5353)) << "led by others";
  EXPECT_FALSE(is_misled(553, 553)) << "a server of somebody's";

  set_policy({entry(kApi)});
  ASSERT_TRUE(engine_.installed()->base.dns_guard);
  EXPECT_TRUE(is_misled(53, 53));
  EXPECT_TRUE(is_misled(5300, 53)) << "led past the guard by others";
  EXPECT_FALSE(is_misled(53, 553));
}

// The wildcard goes and the entry comes in one change of the policy.
TEST_F(EngineTest, ALearntNameThatAnEntryComesToNameStaysOpen) {
  const DnsName name = *DnsName::parse("eu.example.com");
  set_policy({entry(policy::Wildcard{*DnsName::parse("example.com"), false})});
  engine_.handle(Wanted{{name, Family::ipv4}}, now_);
  act();
  answer(name, {ip("192.0.3.1")});
  ASSERT_TRUE(permits("192.0.3.1", 443));
  set_policy({entry(name)});
  EXPECT_TRUE(permits("192.0.3.1", 443));
  EXPECT_THAT(cuts_, IsEmpty());
  set_policy({entry(kOther)});
  EXPECT_FALSE(permits("192.0.3.1", 443));
}

TEST_F(EngineTest, ARevokedEntryCutsItsFlowsButNotThoseThatAnotherEntryAdmits) {
  set_policy({entry(kApi), entry(kOther)});
  answer(kApi, {ip("192.0.3.1"), ip("192.0.3.2")});
  answer(kOther, {ip("192.0.3.1")});
  set_policy({entry(kOther)});
  ASSERT_THAT(cuts_, SizeIs(1));
  const auto cuts = [&](std::string_view address, Port port) {
    return engine_.must_cut({ip("192.0.2.7"), tcp(address, port)}, cuts_[0], now_);
  };
  EXPECT_TRUE(cuts("192.0.3.2", 443));
  EXPECT_FALSE(cuts("192.0.3.1", 443)) << "the other name still owns it";
  EXPECT_FALSE(cuts("192.0.3.2", 22)) << "never admitted by this entry";
}

TEST_F(EngineTest, ATimeBoxedGrantEndsByTheKernelsTimeoutAndThenCutsItsFlows) {
  policy::AllowEntry grant = entry(kApi);
  grant.until = kWall + 5min;
  policy::AllowEntry net = entry(*Prefix::parse("198.51.100.0/24"));
  net.until = kWall + 5min;
  set_policy({grant, net});
  answer(kApi, {ip("192.0.3.1")});
  EXPECT_EQ(engine_.installed()->elements.at(allow("192.0.3.1", 443)), kStart + 5min)
      << "not TTL + grace";
  EXPECT_TRUE(permits("198.51.100.77", 443));
  EXPECT_LE(engine_.next_deadline(), kStart + 5min);
  now_ = kStart + 5min;
  act();
  EXPECT_FALSE(permits("192.0.3.1", 443));
  EXPECT_FALSE(permits("198.51.100.77", 443));
  ASSERT_THAT(cuts_, SizeIs(1));
  EXPECT_TRUE(engine_.must_cut({ip("192.0.2.7"), tcp("192.0.3.1", 443)}, cuts_[0], now_));
  EXPECT_TRUE(engine_.must_cut({ip("192.0.2.7"), tcp("198.51.100.9", 443)}, cuts_[0], now_));
  EXPECT_THAT(ended_, UnorderedElementsAre("tcp/api.openai.com:443", "tcp/198.51.100.0/24:443"));
}

TEST_F(EngineTest, AClockThatIsSetBackProlongsNoGrant) {
  policy::AllowEntry grant = entry(kApi);
  grant.until = kWall + 5min;
  set_policy({grant});
  answer(kApi, {ip("192.0.3.1")});
  now_ += 1min;
  clock_set_by_ = -24h * 365;
  set_policy({grant, entry(kOther)});  // both read anew
  EXPECT_EQ(engine_.installed()->elements.at(allow("192.0.3.1", 443)), kStart + 5min);
  grant.until = *grant.until + clock_set_by_;  // another grant, by the clock as it is now
  set_policy({grant});
  EXPECT_EQ(engine_.installed()->elements.at(allow("192.0.3.1", 443)), kStart + 5min);
  clock_set_by_ = 24h * 365;
  set_policy({grant});
  EXPECT_FALSE(permits("192.0.3.1", 443)) << "by its clock the grant is over";
}

TEST_F(EngineTest, AFailedCommitIsFollowedByAWholeNewTableAtOnceAndThenEverySecond) {
  set_policy({entry(kApi)});
  next_outcome_ = {nft::CommitOutcome::Status::refused, ENOENT, "no such table", {}};
  answer(kApi, {ip("192.0.3.1")});
  ASSERT_THAT(commits_, SizeIs(2));
  EXPECT_FALSE(commits_[0].replace);
  EXPECT_TRUE(commits_[1].replace);
  EXPECT_TRUE(permits("192.0.3.1", 443));
}

TEST_F(EngineTest, AKernelThatKeepsRefusingIsAskedOnceASecond) {
  const auto refuse = [&] {
    engine_.handle(CommitDone{{nft::CommitOutcome::Status::refused, EPERM, "", {}}}, now_);
  };
  auto policy = std::make_shared<policy::Policy>();
  engine_.handle(PolicyChanged{policy, kWall}, now_);
  int commits = 0;
  for (int turn = 0; turn < 10; ++turn)
    for (const Action& action : engine_.act(now_))
      if (std::holds_alternative<Commit>(action)) {
        ++commits;
        refuse();
      }
  EXPECT_EQ(commits, 2);
  EXPECT_EQ(engine_.next_deadline(), now_ + 1s);
  EXPECT_FALSE(engine_.is_enforcing());
}

TEST_F(EngineTest, ARebindingNameOpensNothingAndIsReported) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("169.254.169.254"), ip("10.0.0.1"), ip("127.0.0.1")});
  EXPECT_THAT(engine_.installed()->elements, IsEmpty());
  EXPECT_THAT(notices_, Contains("address-filtered").Times(3));
  failure(kApi, dns::Status::nodata, Family::ipv6);
  const Standing standing = engine_.standing(engine_.inputs().policy->entries[0], now_);
  EXPECT_EQ(standing.state, Standing::State::failing);
  EXPECT_THAT(standing.error, testing::HasSubstr("169.254.169.254 is a cloud metadata address"));
}

TEST_F(EngineTest, ANameOfOneFamilyIsNoError) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  failure(kApi, dns::Status::nodata, Family::ipv6);
  const Standing standing = engine_.standing(engine_.inputs().policy->entries[0], now_);
  EXPECT_EQ(standing.state, Standing::State::open);
  EXPECT_EQ(standing.error, "");
}

TEST_F(EngineTest, AFamilyThatFailsIsAnErrorThoughTheOtherIsOpen) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  failure(kApi, dns::Status::servfail, Family::ipv6);
  EXPECT_EQ(engine_.standing(engine_.inputs().policy->entries[0], now_).error, "AAAA: SERVFAIL");
}

TEST_F(EngineTest, OwnAddressesCloseWhatTheyCover) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  engine_.handle(OwnAddressesChanged{{ip("192.0.3.1")}}, now_);
  act();
  EXPECT_FALSE(permits("192.0.3.1", 443));
}

TEST_F(EngineTest, SwitchingTheModeReplacesTheTableAndKeepsTheElements) {
  set_policy({entry(kApi)});
  answer(kApi, {ip("192.0.3.1")});
  set_policy({entry(kApi)}, policy::Mode::audit);
  ASSERT_THAT(commits_, SizeIs(1));
  EXPECT_TRUE(commits_[0].replace && commits_[0].replace->is_audit);
  EXPECT_TRUE(permits("192.0.3.1", 443));
  EXPECT_THAT(cuts_, IsEmpty());
}

TEST_F(EngineTest, ResolversAreOpenForBothTransportsAndRevokedOnesAreCut) {
  set_policy({});
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.2"), 53}}}}, now_);
  act();
  EXPECT_TRUE(permits("10.0.0.2", 53));
  EXPECT_TRUE(engine_.installed()->permits({ip("10.0.0.2"), Transport::udp, 53}, now_));
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.3"), 53}}}}, now_);
  act();
  EXPECT_FALSE(permits("10.0.0.2", 53));
  ASSERT_THAT(cuts_, SizeIs(1));
}

TEST_F(EngineTest, ResolversOfAZoneAreOpenToo) {
  set_policy({});
  const policy::ZoneResolvers zone{*DnsName::parse("vpn.corp"), {{ip("10.8.0.1"), 53}}};
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.2"), 53}}, .zones = {zone}}}, now_);
  act();
  EXPECT_TRUE(permits("10.0.0.2", 53));
  EXPECT_TRUE(permits("10.8.0.1", 53));
  EXPECT_FALSE(permits("10.8.0.1", 54));
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.2"), 53}}}}, now_);
  act();
  EXPECT_FALSE(permits("10.8.0.1", 53));
}

TEST_F(EngineTest, ANameWhoseZoneHasOtherResolversNowIsAskedForAtOnce) {
  set_policy({entry(kApi)});
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.2"), 53}}}}, now_);
  answer(kApi, {ip("192.0.3.1")});
  act();
  asked_.clear();
  const policy::ZoneResolvers other{*DnsName::parse("other.example"), {{ip("10.8.0.1"), 53}}};
  const policy::ZoneResolvers its{*kApi.parent(), {{ip("10.8.0.1"), 53}}};
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.2"), 53}}, .zones = {other}}}, now_);
  act();
  EXPECT_THAT(asked_, IsEmpty());
  engine_.handle(ResolversChanged{{.otherwise = {{ip("10.0.0.2"), 53}}, .zones = {its}}}, now_);
  act();
  EXPECT_THAT(asked_, Contains(dns::Question{kApi, Family::ipv4}));
  EXPECT_TRUE(permits("192.0.3.1", 443)) << "until the new answer comes";
}

TEST_F(EngineTest, AStandingTellsResolvingOpenStaleAndFailingApart) {
  set_policy({entry(kApi)});
  const auto state = [&] {
    return engine_.standing(engine_.inputs().policy->entries[0], now_).state;
  };
  EXPECT_EQ(state(), Standing::State::resolving);
  answer(kApi, {ip("192.0.3.1")});
  EXPECT_EQ(state(), Standing::State::open);
  failure(kApi, dns::Status::servfail, Family::ipv6);
  EXPECT_EQ(state(), Standing::State::stale);
  now_ += 60s + 15min;
  act();
  failure(kApi, dns::Status::servfail, Family::ipv4);
  EXPECT_EQ(state(), Standing::State::failing);
}

// The end was written down in whole seconds of a clock that is read in whole seconds.
TEST_F(EngineTest, ARestoredAddressEndsNoLaterThanItWouldHave) {
  set_policy({entry(kApi)});
  engine_.handle(Restored{{kApi, ip("192.0.2.1"), kWall + 60s}, kWall}, now_);
  act();
  EXPECT_EQ(engine_.installed()->elements.at(allow("192.0.2.1", 443)), now_ + 59s);
}

TEST_F(EngineTest, ANewOwnAddressLetsFailingNamesBeAskedAtOnce) {
  set_policy({entry(kApi)});
  failure(kApi, dns::Status::timeout, Family::ipv4);
  failure(kApi, dns::Status::timeout, Family::ipv6);
  act();
  EXPECT_THAT(asked_, IsEmpty()) << "positive control: it waits for the next try";
  engine_.handle(OwnAddressesChanged{{ip("192.0.2.1")}}, now_);
  act();
  EXPECT_THAT(asked_, SizeIs(2));
}

const nft::Link kLoopback{.name = "lo", .index = 1, .is_loopback = true};
const nft::Link kUplink{.name = "eth0", .index = 2};

TEST_F(EngineTest, TheFrameFilterHoldsTheUplinksAndFollowsThem) {
  engine_.handle(LinksChanged{{kLoopback, kUplink}}, now_);
  act();
  EXPECT_THAT(filters_, IsEmpty()) << "before there is a policy";
  set_policy({});
  ASSERT_THAT(filters_, SizeIs(1));
  EXPECT_THAT(links_of(filters_[0]), ElementsAre("eth0"));
  EXPECT_TRUE(engine_.filters_frames());
  act();
  EXPECT_THAT(filters_, IsEmpty());
  const nft::Link returned{.name = "eth0", .index = 3};
  const nft::Link port{.name = "eth1", .index = 4, .bridge = 9};
  engine_.handle(LinksChanged{{kLoopback, returned, port}}, now_);
  act();
  ASSERT_THAT(filters_, SizeIs(1));
  EXPECT_EQ(filters_[0].links, std::vector{returned});
}

TEST_F(EngineTest, InAuditModeNoFrameIsRefused) {
  engine_.handle(LinksChanged{{kUplink}}, now_);
  set_policy({}, policy::Mode::audit);
  ASSERT_THAT(filters_, SizeIs(1)) << "one of before is taken away";
  EXPECT_THAT(filters_[0].links, IsEmpty());
}

TEST_F(EngineTest, AFrameFilterThatIsRefusedIsTriedAgain) {
  engine_.handle(LinksChanged{{kUplink}}, now_);
  frames_outcome_ = {
      .status = nft::CommitOutcome::Status::refused, .error = ENOENT, .message = "m"};
  set_policy({});
  EXPECT_THAT(filters_, SizeIs(1));
  EXPECT_FALSE(engine_.filters_frames());
  EXPECT_TRUE(engine_.is_settled()) << "the table does not wait for it";
  EXPECT_EQ(engine_.next_deadline(), now_ + limits::kCommitRetry);
  frames_outcome_ = {};
  now_ = engine_.next_deadline();
  act();
  EXPECT_THAT(filters_, SizeIs(1));
  EXPECT_TRUE(engine_.filters_frames());
}

TEST_F(EngineTest, ATableInDoubtPutsTheFrameFilterInDoubt) {
  engine_.handle(LinksChanged{{kUplink}}, now_);
  set_policy({});
  engine_.handle(TableDoubted{}, now_);
  act();
  EXPECT_THAT(filters_, SizeIs(1));
}

}  // namespace
}  // namespace egress::engine
