#include <gtest/gtest.h>

#include "unit/nft/sample.hpp"

namespace egress::nft {
namespace {

Endpoint tcp(const char* at, Port port) {
  return {address(at), Transport::tcp, port};
}

TEST(Permits, ByNameByNetAndByResolver) {
  Ruleset ruleset;
  ruleset.elements = {
      {allow("192.0.2.1"), kNow + 60s},
      {net("10.0.0.0", "10.0.255.255", {1, 100}), kNever},
      {net("10.0.1.0", "10.0.1.255", {200, 300}), kNow + 60s},
      {ElementKey::endpoint(SetId::resolvers, {address("192.0.2.53"), Transport::udp, 53}), kNever},
  };
  EXPECT_TRUE(ruleset.permits(tcp("192.0.2.1", 443), kNow));
  EXPECT_FALSE(ruleset.permits(tcp("192.0.2.1", 80), kNow));
  EXPECT_FALSE(ruleset.permits({address("192.0.2.1"), Transport::udp, 443}, kNow));
  EXPECT_TRUE(ruleset.permits(tcp("10.0.200.1", 100), kNow));
  EXPECT_FALSE(ruleset.permits(tcp("10.0.200.1", 200), kNow));
  EXPECT_TRUE(ruleset.permits(tcp("10.0.1.7", 200), kNow)) << "behind a wider one that misses";
  EXPECT_FALSE(ruleset.permits(tcp("10.1.0.0", 50), kNow));
  EXPECT_TRUE(ruleset.permits({address("192.0.2.53"), Transport::udp, 53}, kNow));
  EXPECT_FALSE(ruleset.permits(tcp("192.0.2.53", 53), kNow));
}

TEST(Permits, WhatHasNoPortsByItsProtocolAlone) {
  const auto portless = [](const char* at, Transport transport, Port port = 0) {
    return Endpoint{address(at), transport, port};
  };
  Ruleset ruleset;
  ruleset.elements = {
      {ElementKey::of_name(portless("192.0.2.1", Transport::esp)), kNow + 60s},
      {net("10.0.0.0", "10.0.0.255", {}, Transport::icmp), kNever},
      {net("10.0.0.0", "10.0.0.255", {1, 65535}), kNever},
  };
  EXPECT_TRUE(ruleset.permits(portless("192.0.2.1", Transport::esp), kNow));
  EXPECT_FALSE(ruleset.permits(portless("192.0.2.1", Transport::gre), kNow));
  EXPECT_FALSE(ruleset.permits(portless("192.0.2.2", Transport::esp), kNow));
  EXPECT_TRUE(ruleset.permits(portless("10.0.0.7", Transport::icmp), kNow));
  EXPECT_FALSE(ruleset.permits(portless("10.0.0.7", Transport::icmp, 13), kNow)) << "a timestamp";
  EXPECT_FALSE(ruleset.permits(portless("10.0.0.7", Transport::esp), kNow));
}

TEST(Permits, TheResolversAreForEgressdAloneWhereThereIsAGuard) {
  Ruleset ruleset;
  const Endpoint resolver{address("192.0.2.53"), Transport::udp, 53};
  ruleset.elements = {{ElementKey::endpoint(SetId::resolvers, resolver), kNever}};
  EXPECT_TRUE(ruleset.permits(resolver, kNow));
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  EXPECT_FALSE(ruleset.permits(resolver, kNow));
}

TEST(Permits, NothingAtOrAfterItsEnd) {
  Ruleset ruleset;
  ruleset.elements = {{allow("192.0.2.1"), kNow}, {net("10.0.0.0", "10.0.0.9", {1, 9}), kNow}};
  EXPECT_TRUE(ruleset.permits(tcp("192.0.2.1", 443), kNow - 1ms));
  EXPECT_TRUE(ruleset.permits(tcp("10.0.0.1", 5), kNow - 1ms));
  EXPECT_FALSE(ruleset.permits(tcp("192.0.2.1", 443), kNow));
  EXPECT_FALSE(ruleset.permits(tcp("10.0.0.1", 5), kNow));
}

}  // namespace
}  // namespace egress::nft
