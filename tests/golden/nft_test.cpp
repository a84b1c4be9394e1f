// The nft text of whole rulesets, as people and `nft -f` read them. tests/contract shows that the
// kernel's own listing reads the same. To accept a change: EGRESSD_UPDATE_GOLDEN=1 ctest -L golden,
// then read the diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "egress/nft/layout.hpp"

namespace egress::nft {
namespace {

using namespace std::chrono_literals;

const Instant kNow{1h};

void expect_golden(const std::string& name, const Ruleset& ruleset) {
  const std::string path = SOURCE_DIR "/tests/golden/nft/" + name + ".nft";
  const std::string text = print(ruleset, kNow);
  if (std::getenv("EGRESSD_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, golden) << path;
}

TEST(GoldenNft, Default) {
  expect_golden("default", {});
}

TEST(GoldenNft, Audit) {
  Ruleset ruleset;
  ruleset.base.is_audit = true;
  expect_golden("audit", ruleset);
}

TEST(GoldenNft, OpenForAWhile) {
  Ruleset ruleset;
  ruleset.base.is_audit = true;
  ruleset.base.audit_ends = WallTime(std::chrono::seconds(1'800'000'000));
  expect_golden("open-for-a-while", ruleset);
}

TEST(GoldenNft, Panic) {
  Ruleset ruleset;
  ruleset.base.forward = {"docker0"};  // without a word about it: all that is forwarded is held
  ruleset.base.is_panic = true;
  expect_golden("panic", ruleset);
}

TEST(GoldenNft, Forward) {
  Ruleset ruleset;
  ruleset.base.forward = {"docker0", "br-*", "cni0"};
  expect_golden("forward", ruleset);
}

TEST(GoldenNft, Guard) {
  Ruleset ruleset;
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  expect_golden("guard", ruleset);
}

TEST(GoldenNft, GuardWithoutZones) {
  Ruleset ruleset;
  ruleset.base.tracks_apart = false;
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  expect_golden("guard-without-zones", ruleset);
}

TEST(GoldenNft, GuardForward) {
  Ruleset ruleset;
  ruleset.base.forward = {"docker0", "br-*"};
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  expect_golden("guard-forward", ruleset);
}

TEST(GoldenNft, LinksOfThisHost) {
  Ruleset ruleset;
  ruleset.base.forward = {"docker0", "br-*"};
  ruleset.base.inside = {"br-1f", "docker0"};
  ruleset.base.uplinks = {"br-lan"};
  ruleset.base.tunnels = {"flannel.1"};
  ruleset.base.routed = {{"docker0", *Prefix::parse("172.20.0.0/14")}};
  ruleset.base.inbound = {{6, {22, 22}}, {17, {60000, 61000}}, {1, {}}, {58, {}}};
  expect_golden("links", ruleset);
}

TEST(GoldenNft, AllIsHeld) {
  Ruleset ruleset;
  ruleset.base.forward = {"tap0"};
  ruleset.base.released = {"wg*"};
  ruleset.base.outward = {"br-lan", "eth1", "tap0"};
  ruleset.base.wires = {"br-lan", "eth1"};
  ruleset.base.segments = {"br-lan"};
  ruleset.base.inside = {"docker0"};
  ruleset.base.uplinks = {"eth0"};
  ruleset.base.tunnels = {"flannel.1"};
  ruleset.base.routed = {{"eth1", *Prefix::parse("172.20.0.0/14")}};
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  ruleset.base.most_flows = 262'144;
  expect_golden("all-is-held", ruleset);
  ruleset.base.serves_guests = false;
  expect_golden("guests-not-served", ruleset);
}

TEST(GoldenNft, MetadataAfterABoot) {
  Ruleset ruleset;
  ruleset.base.metadata_at_boot = true;
  const Endpoint metadata{*IpAddress::parse("169.254.169.254"), Transport::tcp, 80};
  ruleset.elements.emplace(ElementKey::endpoint(SetId::boot, metadata), kNow + 5min);
  expect_golden("metadata-at-boot", ruleset);
}

TEST(GoldenNft, LinksWithoutAnAddress) {
  Ruleset ruleset;
  ruleset.base.forward = {"cali*"};
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  ruleset.base.addressless = {"cali1", "cali2"};
  ruleset.base.guard_v4 = *IpAddress::parse("192.0.2.9");
  expect_golden("addressless", ruleset);
}

TEST(GoldenNft, BoundsOfFlows) {
  Ruleset ruleset;
  ruleset.base.forward = {"docker0", "br-*"};
  ruleset.base.inside = {"docker0"};
  ruleset.base.uplinks = {"br-lan"};
  ruleset.base.dns_guard = DnsGuard{.port = 5353, .user = 990};
  ruleset.base.most_flows = 262'144;
  expect_golden("crowd", ruleset);
}

TEST(GoldenNft, WithoutRoutesToAsk) {
  Ruleset ruleset;
  ruleset.base.forward = {"docker0"};
  ruleset.base.only_sources = {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("2001:db8::7")};
  expect_golden("without-routes", ruleset);
}

TEST(GoldenNft, WhatAnOldKernelCanDo) {
  Ruleset ruleset;
  ruleset.base.allows_dhcp = false;
  ruleset.base.logs_refusals = false;
  ruleset.base.counts_destinations = false;
  ruleset.base.cuts_flows = false;
  expect_golden("lowered", ruleset);
}

TEST(GoldenNft, Elements) {
  Ruleset ruleset;
  const auto open = [&](SetId set, const char* address, Transport transport, Port port) {
    return ElementKey::endpoint(set, {*IpAddress::parse(address), transport, port});
  };
  ruleset.elements = {
      {open(SetId::allow, "192.0.2.1", Transport::tcp, 443), kNow + 1h + 5s + 200ms},
      {open(SetId::allow, "192.0.2.2", Transport::tcp, 443), kNow + 26h},
      {open(SetId::allow, "192.0.2.3", Transport::tcp, 443), kNow},  // has ended
      {open(SetId::allow, "2001:db8::1", Transport::udp, 123), kNow + 90s},
      {open(SetId::resolvers, "192.0.2.53", Transport::udp, 53), kNever},
      {open(SetId::resolvers, "192.0.2.53", Transport::tcp, 53), kNever},
      {open(SetId::peers, "192.0.2.4", Transport::esp, 0), kNow + 1h},
      {open(SetId::peers, "2001:db8::4", Transport::icmp6, 0), kNow + 1h},
      {open(SetId::nets, "192.0.2.5", Transport::ipip, 0), kNever},
      {open(SetId::nets, "2001:db8::7", Transport::tcp, 443), kNever},
      {{.set = SetId::nets,
        .first = *IpAddress::parse("10.0.0.0"),
        .last = *IpAddress::parse("10.0.0.77"),
        .transport = Transport::tcp,
        .ports = {8000, 8010}},
       kNow + 15min},
      {{.set = SetId::nets,
        .first = *IpAddress::parse("198.18.0.0"),
        .last = *IpAddress::parse("198.19.255.255"),
        .transport = Transport::tcp,
        .ports = {443, 443}},
       kNever}};
  expect_golden("elements", ruleset);
}

}  // namespace
}  // namespace egress::nft
