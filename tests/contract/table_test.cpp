// The table as a whole: installing, replacing, losing it, and what it counts.
#include <gmock/gmock.h>

#include <cerrno>

#include "contract/guarded.hpp"
#include "contract/machine.hpp"
#include "egress/nft/layout.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using nft::SetId;
using testing::ElementsAre;
using testing::IsEmpty;
using Status = nft::CommitOutcome::Status;

nft::Base audit_base() {
  nft::Base base;
  base.is_audit = true;
  return base;
}

// An unanswered SYN may be sent again, so more is fine.
auto counted(const Endpoint& destination, std::uint64_t least) {
  return testing::AllOf(testing::Field(&nft::Count::destination, destination),
                        testing::Field(&nft::Count::packets, testing::Ge(least)));
}

TEST_P(Contract, HasExactlyTheCapabilitiesThatWereAskedFor) {
  EXPECT_EQ(kernel().capabilities(), GetParam().capabilities);
}

TEST_P(Contract, StartsWithoutATable) {
  const nft::Snapshot snapshot = read();
  EXPECT_FALSE(snapshot.is_present);
  EXPECT_THAT(snapshot.deviations, ElementsAre("table inet egressd is missing"));
}

TEST_P(Contract, InstallsEveryBaseExactly) {
  for (const bool lacks_features : {false, true}) {
    const WallTime soon{std::chrono::seconds(2'000'000'000)};
    nft::Base base{.is_audit = lacks_features,
                   .audit_ends = lacks_features ? std::optional(soon) : std::nullopt,
                   .allows_dhcp = !lacks_features,
                   .forward = {"docker0", "br-*"},
                   .dns_guard = {},
                   .logs_refusals = !lacks_features,
                   .counts_destinations = !lacks_features,
                   .cuts_flows = !lacks_features};
    commit(nft::Transaction{base, {add(key(SetId::allow, "192.0.2.1"), 1min)}});
    const nft::Snapshot snapshot = read(base);
    EXPECT_TRUE(snapshot.is_present);
    EXPECT_THAT(snapshot.deviations, IsEmpty());
    EXPECT_EQ(snapshot.elements.size(), 1U);
    base.allows_dhcp = !base.allows_dhcp;
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "positive control";
  }
}

TEST_P(Contract, InstallsWhereAllIsHeldExactly) {
  for (const bool has_guard : {false, true}) {
    nft::Base base = has_guard ? guarded({"tap0"}) : nft::Base{};
    base.released = {"wg0", "vlan*"};
    base.outward = {"eth1", "tap0"};
    base.wires = {"eth1"};
    base.inside = {"docker0"};
    base.uplinks = {"eth0"};
    base.most_flows = 262'144;
    commit(nft::Transaction{base, {}});
    EXPECT_THAT(read(base).deviations, IsEmpty());
    base.released->pop_back();
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "positive control";
    base.released.reset();
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "positive control";
  }
}

TEST_P(Contract, InstallsBoundsOfFlowsExactly) {
  for (const bool has_guard : {false, true}) {
    nft::Base base = has_guard ? guarded({"docker0", "br-*"}) : nft::Base{};
    base.forward = {"docker0", "br-*"};
    base.inside = {"br-1f", "docker0"};
    base.uplinks = {"br-lan"};
    base.most_flows = 262'144;
    commit(nft::Transaction{base, {}});
    EXPECT_THAT(read(base).deviations, IsEmpty());
    base.most_flows = 65'536;
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "positive control";
    commit(nft::Transaction{base, {}});
    EXPECT_THAT(read(base).deviations, IsEmpty()) << "in the place of the other";
  }
}

TEST_P(Contract, InstallsPanicExactly) {
  for (const bool lacks_features : {false, true}) {
    nft::Base base;
    base.is_panic = true;
    base.logs_refusals = base.counts_destinations = !lacks_features;
    commit(nft::Transaction{base, {add(key(SetId::allow, "192.0.2.1"), 1min)}});
    const nft::Snapshot snapshot = read(base);
    EXPECT_THAT(snapshot.deviations, IsEmpty());
    EXPECT_EQ(snapshot.elements.size(), 1U) << "what the policy allows waits for its end";
    base.is_panic = false;
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "positive control";
  }
}

TEST_P(Contract, PanicLetsOutNothing) {
  const Endpoint allowed{*IpAddress::parse("192.0.2.1"), Transport::tcp, 443};
  nft::Base base;
  commit(nft::Transaction{base, {add(key(SetId::allow, "192.0.2.1"), 1min)}});
  EXPECT_TRUE(machine().connect(allowed)) << "positive control";
  base.is_panic = true;
  commit(nft::Transaction{base, {add(key(SetId::allow, "192.0.2.1"), 1min)}});
  EXPECT_FALSE(machine().connect(allowed));
  EXPECT_GE(read(base).refused_packets, 1U);
}

TEST_P(Contract, InstallsEveryGuardExactly) {
  const std::vector<std::vector<std::string>> held{{}, {"docker0", "br-*"}};
  for (const auto& forward : held) {
    nft::Base base = guarded(forward);
    commit(nft::Transaction{base, {add(key(SetId::allow, "192.0.2.1"), 1min)}});
    EXPECT_THAT(read(base).deviations, IsEmpty());
    base.dns_guard->port = 5354;
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "another port";
    base.dns_guard = {.port = kGuard.port, .user = kGuard.user + 1};
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "another user";
    base.dns_guard = {};
    EXPECT_THAT(read(base).deviations, testing::Not(IsEmpty())) << "no guard";
  }
}

TEST_P(Contract, ReplacingLeavesOnlyWhatTheNewTableHolds) {
  install();
  commit({add(key(SetId::allow, "192.0.2.1"), 1min)});
  const auto kept = key(SetId::allow, "192.0.2.2");
  commit(nft::Transaction{audit_base(), {add(kept, 1min)}});
  EXPECT_THAT(keys(), ElementsAre(kept));
  EXPECT_THAT(read(audit_base()).deviations, IsEmpty());
}

TEST_P(Contract, ARefusedReplacementLeavesTheOldTable) {
  install();
  const auto held = key(SetId::allow, "192.0.2.1");
  commit({add(held, 1min)});
  const auto fault = key(SetId::resolvers, "192.0.2.53", 53);
  const auto outcome = kernel().commit({audit_base(), {add(fault, 1min)}});
  EXPECT_EQ(outcome.status, Status::refused) << "resolvers never have a timeout";
  EXPECT_EQ(outcome.error, EINVAL);
  EXPECT_THAT(outcome.message, testing::HasSubstr("192.0.2.53 . tcp . 53"));
  EXPECT_THAT(keys(), ElementsAre(held));
  EXPECT_THAT(read().deviations, IsEmpty());
  EXPECT_FALSE(machine().connect({*IpAddress::parse("198.51.100.1"), Transport::tcp, 443}));
}

TEST_P(Contract, AnEmptyTransactionSaysNothing) {
  EXPECT_EQ(kernel().commit({}).status, Status::committed);
  EXPECT_FALSE(read().is_present);
}

TEST_P(Contract, AFlushByOthersLeavesATableThatIsOwned) {
  if (!kernel().capabilities().owns) return;  // the test below
  install();
  machine().flush_by_others();
  EXPECT_THAT(read().deviations, IsEmpty());
  commit({add(key(SetId::allow, "192.0.2.1"), 1min)});
  EXPECT_EQ(keys().size(), 1U);
}

TEST_P(Contract, ChangesToATableThatIsGoneAreRefused) {
  if (kernel().capabilities().owns) return;  // the test above
  const std::vector<nft::Change> changes{add(key(SetId::allow, "192.0.2.1"), 1min)};
  install();
  commit(changes);
  machine().flush_by_others();
  const auto outcome = kernel().commit({.replace = {}, .changes = changes});
  EXPECT_EQ(outcome.status, Status::refused);
  EXPECT_EQ(outcome.error, ENOENT);
  EXPECT_FALSE(read().is_present);
  commit(nft::Transaction{nft::Base{}, changes});
  EXPECT_EQ(keys().size(), 1U);
}

TEST_P(Contract, CountsWhatPassesAndWhatIsRefused) {
  const Endpoint allowed{*IpAddress::parse("192.0.2.1"), Transport::tcp, 443};
  const Endpoint net{*IpAddress::parse("2001:db8:1::7"), Transport::tcp, 443};
  const Endpoint wrong_port{*IpAddress::parse("192.0.2.1"), Transport::tcp, 80};
  const Endpoint stranger{*IpAddress::parse("2001:db8::bad"), Transport::tcp, 443};
  commit(nft::Transaction{nft::Base{},
                          {add(nft::ElementKey::endpoint(SetId::allow, allowed), 1min),
                           add(box("2001:db8:1::", "2001:db8:1::ff", {443, 443}), 0ms)}});
  EXPECT_TRUE(machine().connect(allowed));
  EXPECT_TRUE(machine().connect(net));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(machine().connect(wrong_port));
  EXPECT_FALSE(machine().connect(stranger));

  const nft::Snapshot snapshot = read();
  EXPECT_THAT(snapshot.hits, ElementsAre(counted(allowed, 1), counted(net, 1)));
  EXPECT_THAT(snapshot.refusals, ElementsAre(nft::Count{wrong_port, 3}, nft::Count{stranger, 1}));
  EXPECT_EQ(snapshot.refused_packets, 4U);
}

TEST_P(Contract, HitsOutliveRenewalAndRemoval) {
  install();
  const auto element = key(SetId::allow, "192.0.2.1");
  const Endpoint endpoint{element.first, Transport::tcp, 443};
  commit({add(element, 1min)});
  EXPECT_TRUE(machine().connect(endpoint));
  commit({renew(element, 2min)});
  EXPECT_THAT(read().hits, ElementsAre(counted(endpoint, 1)));
  EXPECT_TRUE(machine().connect(endpoint));
  commit({remove(element)});
  EXPECT_THAT(read().hits, ElementsAre(counted(endpoint, 2)));
  EXPECT_FALSE(machine().connect(endpoint)) << "having been open admits nothing";
}

TEST_P(Contract, CountsOutliveAReplacement) {
  const auto element = key(SetId::allow, "192.0.2.1");
  const Endpoint endpoint{element.first, Transport::tcp, 443};
  const Endpoint stranger{*IpAddress::parse("192.0.2.66"), Transport::tcp, 443};
  commit(nft::Transaction{nft::Base{}, {add(element, 1min)}});
  EXPECT_TRUE(machine().connect(endpoint));
  EXPECT_FALSE(machine().connect(stranger));
  commit(nft::Transaction{audit_base(), {add(element, 1min)}});
  commit(nft::Transaction{nft::Base{}, {add(element, 1min)}});
  const nft::Snapshot snapshot = read();
  EXPECT_THAT(snapshot.hits, ElementsAre(counted(endpoint, 1)));
  EXPECT_THAT(snapshot.refusals, ElementsAre(nft::Count{stranger, 1}));
  EXPECT_EQ(snapshot.refused_packets, 1U);
}

TEST_P(Contract, AuditCountsAndLetsPass) {
  const nft::Base audit = audit_base();
  install(audit);
  const Endpoint stranger{*IpAddress::parse("192.0.2.66"), Transport::tcp, 443};
  EXPECT_TRUE(machine().connect(stranger));
  const nft::Snapshot snapshot = read(audit);
  ASSERT_EQ(snapshot.refusals.size(), 1U);
  EXPECT_EQ(snapshot.refusals.front().destination, stranger);
  EXPECT_GE(snapshot.refused_packets, 1U);
}

TEST_P(Contract, CutsOnlyTheFlowsThatAreSelected) {
  const Endpoint first{*IpAddress::parse("192.0.2.1"), Transport::tcp, 443};
  const Endpoint second{*IpAddress::parse("2001:db8::2"), Transport::tcp, 8443};
  commit(nft::Transaction{nft::Base{},
                          {add(nft::ElementKey::endpoint(SetId::allow, first), 1min),
                           add(nft::ElementKey::endpoint(SetId::allow, second), 1min)}});
  machine().connect(first);
  machine().connect(second);
  std::vector<Endpoint> seen;
  const auto select = [&](const Endpoint& wanted) {
    return [&seen, wanted](const nft::Flow& flow) {
      seen.push_back(flow.destination);
      return flow.destination == wanted;
    };
  };
  EXPECT_EQ(kernel().cut_flows(select({*IpAddress::parse("192.0.2.1"), Transport::tcp, 80})), 0U);
  EXPECT_THAT(seen, testing::IsSupersetOf({first, second})) << "positive control: both are tracked";
  EXPECT_EQ(kernel().cut_flows(select(first)), 1U);
  seen.clear();
  EXPECT_EQ(kernel().cut_flows(select(first)), 0U);
  EXPECT_THAT(seen, testing::Contains(second));
}

TEST_P(Contract, ForgetsOnlyTheFlowsThatAreSelected) {
  const Endpoint first{*IpAddress::parse("192.0.2.1"), Transport::tcp, 443};
  const Endpoint second{*IpAddress::parse("2001:db8::2"), Transport::tcp, 8443};
  commit(nft::Transaction{nft::Base{},
                          {add(nft::ElementKey::endpoint(SetId::allow, first), 1min),
                           add(nft::ElementKey::endpoint(SetId::allow, second), 1min)}});
  machine().connect(first);
  machine().connect(second);
  std::vector<Endpoint> seen;
  const auto select = [&](const Endpoint& wanted) {
    return [&seen, wanted](const nft::Flow& flow) {
      seen.push_back(flow.destination);
      return flow.destination == wanted;
    };
  };
  EXPECT_EQ(kernel().forget_flows(select({first.address, Transport::tcp, 80})), 0U);
  EXPECT_THAT(seen, testing::IsSupersetOf({first, second})) << "positive control: both are tracked";
  EXPECT_EQ(kernel().forget_flows(select(first)), 1U);
  seen.clear();
  EXPECT_EQ(kernel().forget_flows(select(first)), 0U);
  EXPECT_THAT(seen, testing::Not(testing::Contains(first)));
  EXPECT_THAT(seen, testing::Contains(second));
}

TEST_P(Contract, QuestionsBecomeFlowsToTheGuardAndAreNotCounted) {
  install(guarded());
  EXPECT_TRUE(machine().connect({*IpAddress::parse("192.0.2.53"), Transport::tcp, 53}));
  EXPECT_TRUE(machine().connect({*IpAddress::parse("2001:db8::53"), Transport::tcp, 53}));
  std::vector<Endpoint> seen;
  ASSERT_TRUE(kernel().forget_flows([&](const nft::Flow& flow) {
    seen.push_back(flow.destination);
    return false;
  }));
  EXPECT_THAT(seen, testing::IsSupersetOf(
                        {Endpoint{*IpAddress::parse("127.0.0.1"), Transport::tcp, kGuard.port},
                         Endpoint{*IpAddress::parse("::1"), Transport::tcp, kGuard.port}}));
  const nft::Snapshot snapshot = read(guarded());
  EXPECT_THAT(snapshot.hits, IsEmpty());
  EXPECT_THAT(snapshot.refusals, IsEmpty());
}

TEST_P(Contract, WithAGuardTheResolversAreNotForPrograms) {
  const Endpoint resolver{*IpAddress::parse("192.0.2.53"), Transport::tcp, 5300};
  const std::vector<nft::Change> changes{
      add(nft::ElementKey::endpoint(SetId::resolvers, resolver), 0ms)};
  commit(nft::Transaction{nft::Base{}, changes});
  EXPECT_TRUE(machine().connect(resolver)) << "positive control";
  commit(nft::Transaction{guarded(), changes});
  EXPECT_FALSE(machine().connect(resolver));
}

}  // namespace
}  // namespace egress::test
