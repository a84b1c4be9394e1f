// Entries of protocols without ports.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/dns_octets.hpp"
#include "support/guarded_host.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPeer = "vpn.example.com";
constexpr const char* kV4 = "203.0.113.1";
constexpr const char* kV6 = "2606:4700::1";

class WithoutPorts : public testing::Test {
 protected:
  static policy::AllowEntry portless(policy::Destination destination, Transport transport) {
    policy::AllowEntry entry = test::allow_entry(std::move(destination));
    entry.transport = transport;
    entry.ports = {};
    return entry;
  }
  static policy::AllowEntry to_peer(Transport transport) {
    return portless(*DnsName::parse(kPeer), transport);
  }
  bool reaches(const char* address, Transport transport) {
    return host.kernel().connect({ip(address), transport, 0});
  }
  bool must_cut(const char* from, const Endpoint& to) {
    const auto key = nft::ElementKey::of_name({ip(kV4), Transport::esp, 0});
    return host.engine().must_cut({ip(from), to, 60s}, {key}, host.clock().now());
  }

  test::GuardedHost host;
};

// ICMP bears another number over IPv6.
TEST_F(WithoutPorts, TheProtocolIsOpenAtTheAddressesAndNothingElse) {
  host.set_policy({to_peer(Transport::icmp), to_peer(Transport::esp),
                   portless(*Prefix::parse("2001:db8:7::/48"), Transport::icmp)});
  ASSERT_TRUE(host.answer(kPeer, {kV4}));
  ASSERT_TRUE(
      host.answer({{*DnsName::parse(kPeer), Family::ipv6}, dns::Status::ok, {ip(kV6)}, 60s, {}}));
  EXPECT_TRUE(reaches(kV4, Transport::icmp));
  EXPECT_TRUE(reaches(kV4, Transport::esp));
  EXPECT_TRUE(reaches(kV6, Transport::icmp6));
  EXPECT_TRUE(reaches("2001:db8:7::1", Transport::icmp6));
  EXPECT_FALSE(reaches(kV6, Transport::icmp));
  EXPECT_FALSE(reaches(kV4, Transport::icmp6));
  EXPECT_FALSE(reaches(kV4, Transport::gre));
  EXPECT_FALSE(reaches("2001:db8:8::1", Transport::icmp6));
  EXPECT_FALSE(host.kernel().connect(tcp(kV4)));
  for (const policy::AllowEntry& entry : host.engine().inputs().policy->entries)
    EXPECT_EQ(host.engine().standing(entry, host.clock().now()).state, Standing::State::open)
        << entry.target();
}

TEST_F(WithoutPorts, AnAddressThatLeavesTheNameClosesAfterItsTtlAndTheGrace) {
  host.set_policy({to_peer(Transport::esp)});
  ASSERT_TRUE(host.answer(kPeer, {kV4}, 60s));
  const seconds grace = host.engine().inputs().policy->limits.grace;
  host.pass(60s);
  ASSERT_TRUE(host.answer(kPeer, {"203.0.113.2"}, 24h));
  EXPECT_TRUE(reaches(kV4, Transport::esp));
  EXPECT_TRUE(reaches("203.0.113.2", Transport::esp));
  host.pass(grace + 1s);
  EXPECT_FALSE(reaches(kV4, Transport::esp));
  EXPECT_TRUE(reaches("203.0.113.2", Transport::esp));
}

TEST_F(WithoutPorts, NoAddressIsToldBeforeItIsOpen) {
  using guard::test::operator+;
  host.set_policy({to_peer(Transport::gre)});
  host.take(guard::test::header(0x0100) + guard::test::question(kPeer, 1));
  ASSERT_TRUE(host.answer(kPeer, {kV4}));
  const auto sent = host.take_sent();
  ASSERT_EQ(sent.size(), 1U);
  const auto key = nft::ElementKey::of_name({ip(kV4), Transport::gre, 0});
  EXPECT_TRUE(std::ranges::any_of(sent.front().table.elements,
                                  [&](const auto& element) { return element.key == key; }));
}

// A tunnel is one flow, whichever end has sent first.
TEST_F(WithoutPorts, WhatIsRevokedIsCutFromEitherEnd) {
  host.set_policy({to_peer(Transport::esp)});
  ASSERT_TRUE(host.answer(kPeer, {kV4}));
  EXPECT_FALSE(must_cut("10.0.0.1", {ip(kV4), Transport::esp, 0})) << "it is allowed still";
  host.set_policy({test::allow_entry(*DnsName::parse(kPeer))});
  EXPECT_FALSE(reaches(kV4, Transport::esp));
  EXPECT_TRUE(host.kernel().connect(tcp(kV4)));
  EXPECT_TRUE(must_cut("10.0.0.1", {ip(kV4), Transport::esp, 0}));
  EXPECT_TRUE(must_cut(kV4, {ip("10.0.0.1"), Transport::esp, 0}));
  EXPECT_FALSE(must_cut("10.0.0.1", tcp(kV4)));
  EXPECT_FALSE(must_cut("203.0.113.9", {ip("10.0.0.1"), Transport::esp, 0}));
}

}  // namespace
}  // namespace egress::engine
