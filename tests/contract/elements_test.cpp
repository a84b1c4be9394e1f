// Elements: what they do as time passes, and as they change.
#include <gmock/gmock.h>

#include "contract/machine.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using nft::SetId;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(Contract, ReadsBackWhatWasAdded) {
  install();
  const auto v4 = key(SetId::allow, "192.0.2.1");
  const auto v6 = key(SetId::allow, "2001:db8::1", 8443);
  const auto net = box("10.0.0.0", "10.0.0.77", {443, 500});
  const auto net6 = box("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", {1, 65535});
  const auto resolver = key(SetId::resolvers, "192.0.2.53", 53);
  commit({add(v4, 10min), add(v6, 20min), add(net, 0ms), add(net6, 30min), add(resolver, 0ms)});

  const nft::Snapshot snapshot = read();
  ASSERT_EQ(snapshot.elements.size(), 5U);
  EXPECT_THAT(snapshot.deviations, IsEmpty());
  const auto expires = [&](const nft::ElementKey& wanted) {
    for (const nft::LiveElement& element : snapshot.elements) {
      if (element.key == wanted) return element.expires;
    }
    return milliseconds{-1};
  };
  for (const auto& [timed, lifetime] :
       {std::pair{v4, 10min}, std::pair{v6, 20min}, std::pair{net6, 30min}}) {
    EXPECT_LE(expires(timed), lifetime) << timed.text();
    EXPECT_GT(expires(timed), lifetime - 5s) << timed.text();
  }
  EXPECT_EQ(expires(net), 0ms);
  EXPECT_EQ(expires(resolver), 0ms);
}

// A name's by their protocol alone, those of a net with whatever is in a port's place.
TEST_P(Contract, ReadsBackWhatHasNoPorts) {
  install();
  const auto of_name = [](const char* address, Transport transport) {
    return nft::ElementKey::of_name({*IpAddress::parse(address), transport, 0});
  };
  const auto v4 = of_name("192.0.2.1", Transport::esp);
  const auto v6 = of_name("2001:db8::1", Transport::icmp6);
  auto net = box("10.0.0.0", "10.0.0.77", {});
  net.transport = Transport::gre;
  auto net6 = box("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", {});
  net6.transport = Transport::ipip;
  commit({add(v4, 10min), add(v6, 20min), add(net, 0ms), add(net6, 30min)});
  EXPECT_THAT(keys(), testing::UnorderedElementsAre(v4, v6, net, net6));
  EXPECT_THAT(read().deviations, IsEmpty());
  EXPECT_TRUE(kernel().holds(v4));
  EXPECT_FALSE(kernel().holds(of_name("192.0.2.1", Transport::gre)));
  commit({remove(v4), renew(v6, 40min), remove(net)});
  EXPECT_FALSE(kernel().holds(v4));
  EXPECT_THAT(keys(), testing::UnorderedElementsAre(v6, net6));
  commit(nft::Transaction{nft::Base{}, {add(v4, 10min), add(net6, 0ms)}});
  EXPECT_THAT(keys(), testing::UnorderedElementsAre(v4, net6)) << "replaced";
}

TEST_P(Contract, LooksUpOneElement) {
  const auto v4 = key(SetId::allow, "192.0.2.1");
  const auto v6 = key(SetId::allow, "2001:db8::1", 8443);
  EXPECT_FALSE(kernel().holds(v4)) << "no table";
  install();
  commit({add(v4, 10min), add(v6, 10min)});
  EXPECT_TRUE(kernel().holds(v4));
  EXPECT_TRUE(kernel().holds(v6));
  EXPECT_FALSE(kernel().holds(key(SetId::allow, "192.0.2.2")));
  EXPECT_FALSE(kernel().holds(key(SetId::allow, "192.0.2.1", 444)));
  commit({remove(v4)});
  EXPECT_FALSE(kernel().holds(v4));
  EXPECT_TRUE(kernel().holds(v6));
}

TEST_P(Contract, ListsTheSetsThatAreAskedForAndTheRulesAlways) {
  install();
  commit({add(key(SetId::allow, "192.0.2.1"), 10min)});
  EXPECT_EQ(
      kernel().read({}, {.elements = true, .hits = false, .refusals = false})->elements.size(), 1U);
  const auto rules = kernel().read({}, {.elements = false, .hits = true, .refusals = true});
  ASSERT_TRUE(rules);
  EXPECT_THAT(rules->elements, IsEmpty());
  EXPECT_TRUE(rules->is_present);
  EXPECT_THAT(rules->deviations, IsEmpty());
}

TEST_P(Contract, ElementsEndByThemselves) {
  install();
  const auto brief = key(SetId::allow, "192.0.2.1");
  const auto brief_net = box("10.0.0.0", "10.0.0.255", {443, 443});
  const auto lasting = key(SetId::allow, "192.0.2.2");
  const auto permanent = box("10.1.0.0", "10.1.0.255", {443, 443});
  commit({add(brief, 400ms), add(brief_net, 400ms), add(lasting, 1min), add(permanent, 0ms)});
  ASSERT_EQ(keys().size(), 4U);
  machine().sleep(900ms);
  EXPECT_THAT(keys(), ElementsAre(lasting, permanent));
}

TEST_P(Contract, RenewingReallyExtends) {
  install();
  const auto renewed = key(SetId::allow, "192.0.2.1");
  const auto renewed_net = box("10.0.0.0", "10.0.0.255", {443, 443});
  const auto left_alone = key(SetId::allow, "192.0.2.2");
  commit({add(renewed, 600ms), add(renewed_net, 600ms), add(left_alone, 600ms)});
  commit({renew(renewed, 1min), renew(renewed_net, 1min)});
  machine().sleep(1100ms);
  EXPECT_THAT(keys(), ElementsAre(renewed, renewed_net));
}

TEST_P(Contract, RenewingShortens) {
  install();
  const auto shortened = key(SetId::allow, "192.0.2.1");
  commit({add(shortened, 1h)});
  commit({renew(shortened, 300ms)});
  machine().sleep(800ms);
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_P(Contract, RenewingAnElementThatExpiredMeanwhileAddsIt) {
  install();
  const auto expired = key(SetId::allow, "192.0.2.1");
  commit({add(expired, 200ms)});
  machine().sleep(600ms);
  commit({renew(expired, 1min)});
  EXPECT_THAT(keys(), ElementsAre(expired));
}

TEST_P(Contract, APermanentElementBecomesTimed) {
  install();
  const auto net = box("10.0.0.0", "10.0.0.255", {443, 443});
  commit({add(net, 0ms)});
  commit({renew(net, 400ms)});
  machine().sleep(900ms);
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_P(Contract, ATimedElementBecomesPermanent) {
  install();
  const auto net = box("10.0.0.0", "10.0.0.255", {443, 443});
  commit({add(net, 400ms)});
  commit({renew(net, 0ms)});
  machine().sleep(900ms);
  EXPECT_THAT(keys(), ElementsAre(net));
}

TEST_P(Contract, RemovingAnExpiredElementDoesNotVoidTheBatch) {
  install();
  const auto expired = key(SetId::allow, "192.0.2.1");
  const auto expired_net = box("10.0.0.0", "10.0.0.255", {443, 443});
  const auto added = key(SetId::allow, "192.0.2.2");
  commit({add(expired, 200ms), add(expired_net, 200ms)});
  machine().sleep(600ms);
  commit({remove(expired), remove(expired_net), add(added, 1min)});
  EXPECT_THAT(keys(), ElementsAre(added));
}

TEST_P(Contract, RemovesOnlyWhatIsNamed) {
  install();
  const auto https = key(SetId::allow, "192.0.2.1", 443);
  const auto other_port = key(SetId::allow, "192.0.2.1", 8443);
  commit({add(https, 1min), add(other_port, 1min)});
  commit({remove(https)});
  EXPECT_THAT(keys(), ElementsAre(other_port));
}

TEST_P(Contract, AnIntervalGrowsOverItsOldSelf) {
  install();
  const auto small = box("10.0.0.0", "10.0.0.255", {443, 443});
  const auto large = box("10.0.0.0", "10.0.255.255", {443, 443});
  commit({add(small, 0ms)});
  // In the order of diff(): the larger one sorts behind.
  commit({remove(small), add(large, 0ms)});
  EXPECT_THAT(keys(), ElementsAre(large));
  commit({add(small, 0ms), remove(large)});
  EXPECT_THAT(keys(), ElementsAre(small));
}

TEST_P(Contract, IntervalsMayTouch) {
  install();
  const auto left = box("10.0.0.0", "10.0.0.127", {443, 443});
  const auto right = box("10.0.0.128", "10.0.0.255", {443, 443});
  const auto above = box("10.0.0.0", "10.0.0.255", {444, 500});
  commit({add(left, 0ms), add(right, 1min), add(above, 0ms)});
  EXPECT_THAT(keys(), ElementsAre(left, above, right));
}

TEST_P(Contract, OverlappingIntervalsAreRefusedAndNothingChanges) {
  install();
  const auto held = box("10.0.0.0", "10.0.0.255", {443, 443});
  const auto bystander = key(SetId::allow, "192.0.2.1");
  commit({add(held, 0ms)});
  const auto overlapping = box("10.0.0.128", "10.0.1.255", {443, 500});
  const auto outcome =
      kernel().commit({.replace = {}, .changes = {add(bystander, 1min), add(overlapping, 0ms)}});
  EXPECT_EQ(outcome.status, nft::CommitOutcome::Status::refused);
  EXPECT_THAT(outcome.message, testing::HasSubstr(overlapping.text()));
  EXPECT_THAT(keys(), ElementsAre(held));
}

TEST_P(Contract, HoldsOneOrManyElements) {
  for (const int count : {1, 1'000, 100'000}) {
    nft::Transaction transaction{.replace = nft::Base{}, .changes = {}};
    for (int i = 0; i < count; ++i) {
      const auto octet = [&](int shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
      const auto address = IpAddress::v4({10, octet(16), octet(8), octet(0)});
      transaction.changes.push_back(
          add(nft::ElementKey::endpoint(SetId::allow, {address, Transport::tcp, 443}), 1h));
    }
    commit(transaction);
    const auto held = keys();
    ASSERT_EQ(held.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(held.front(), transaction.changes.front().key);
    EXPECT_EQ(held.back(), transaction.changes.back().key);
  }
}

}  // namespace
}  // namespace egress::test
