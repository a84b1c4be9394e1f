#include "egressctl/verify/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "egress/core/limits.hpp"
#include "fixtures.hpp"

namespace egress::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> descriptions(const std::vector<Probe>& probes) {
  std::vector<std::string> lines;
  for (const auto& probe : probes) lines.push_back(describe(probe));
  return lines;
}

const Row* find_row(const Rows& rows, std::string_view part) {
  const auto at = std::ranges::find_if(
      rows, [&](const Row& row) { return row.probe.find(part) != std::string::npos; });
  return at == rows.end() ? nullptr : &*at;
}

// Every outside name has one A and one AAAA.
std::vector<Trial> lookups_of(const control::ProofReply& proof) {
  std::vector<Trial> trials;
  for (const auto& probe : plan_lookups(proof)) {
    const bool v4 = probe.type == probe::kTypeA;
    trials.push_back({probe, answer(0, {ip(v4 ? "203.0.113.9" : "2001:db8:9::9")})});
  }
  return trials;
}

TEST(PlanWorks, AsksTheResolverAndConnectsToEveryAddress) {
  const Plan plan = plan_works(small_policy());
  EXPECT_THAT(
      descriptions(plan.probes),
      ::testing::ElementsAre("pinned resolver: DNS from udp/10.0.0.2:53 for api.openai.com A",
                             "api.openai.com: TLS to tcp/192.0.2.1:443",
                             "api.openai.com: TLS to tcp/[2001:db8::1]:443",
                             "loopback: connect to 127.0.0.1", "loopback: connect to ::1"));
  EXPECT_TRUE(plan.rows.empty());
}

TEST(PlanWorks, AsksForAaaaWhenOnlyIpv6IsOpen) {
  auto proof = small_policy();
  proof.endpoints[0].addresses = {{"2001:db8::1", {}, 0}};
  EXPECT_EQ(plan_works(proof).probes.front().type, probe::kTypeAaaa);
}

TEST(PlanWorks, ChoosesTheMethodByTransportAndPort) {
  auto proof = small_policy();
  proof.endpoints = {endpoint("tcp/repo.example.com:8443", "repo.example.com", {"192.0.2.2"}),
                     endpoint("tcp/192.0.2.3:443", "", {"192.0.2.3"}),
                     endpoint("udp/pool.ntp.org:123", "pool.ntp.org", {"192.0.2.4"}),
                     endpoint("udp/game.example.com:4000", "game.example.com", {"192.0.2.5"})};
  const Plan plan = plan_works(proof);
  ASSERT_EQ(plan.probes.size(), 6U);
  EXPECT_EQ(plan.probes[1].method, Method::tcp);
  EXPECT_EQ(plan.probes[2].method, Method::tcp);  // no name to ask a certificate for
  EXPECT_EQ(plan.probes[3].method, Method::ntp);
  const Row* udp = find_row(plan.rows, "game.example.com");
  ASSERT_NE(udp, nullptr);
  EXPECT_EQ(udp->mark, Mark::not_probed);
}

TEST(PlanWorks, WhatHasNoOpenAddressFailsAndACidrOrRangeIsNotProbed) {
  auto proof = small_policy();
  proof.endpoints.push_back(endpoint("tcp/dead.example.com:443", "dead.example.com", {}));
  proof.endpoints.push_back(endpoint("tcp/late.example.com:443", "late.example.com", {}));
  proof.endpoints.back().optional = true;
  proof.endpoints.push_back(endpoint("tcp/160.79.104.0/23:443", "", {}));
  proof.endpoints.push_back(
      endpoint("tcp/many.example.com:1-9", "many.example.com", {"192.0.2.8"}));
  proof.endpoints.push_back(endpoint("tcp/192.0.2.9:443", "", {}));
  proof.endpoints.push_back(endpoint("tcp/*.wild.example.com:443", "*.wild.example.com", {}));
  const Plan plan = plan_works(proof);
  EXPECT_EQ(plan.probes.size(), plan_works(small_policy()).probes.size());
  EXPECT_EQ(find_row(plan.rows, "192.0.2.9")->mark, Mark::fails);
  EXPECT_EQ(find_row(plan.rows, "dead.example.com")->mark, Mark::fails);
  EXPECT_EQ(find_row(plan.rows, "late.example.com")->mark, Mark::warning);
  EXPECT_EQ(find_row(plan.rows, "160.79.104.0")->mark, Mark::not_probed);
  EXPECT_EQ(find_row(plan.rows, "many.example.com")->mark, Mark::not_probed);
  EXPECT_EQ(find_row(plan.rows, "*.wild.example.com")->mark, Mark::not_probed);
}

TEST(PlanWorks, IsBoundedAndTriesEveryEndpointBeforeASecondAddress) {
  auto proof = small_policy();
  proof.endpoints.clear();
  std::vector<std::string> many;
  for (int i = 1; i <= 250; ++i) many.push_back("192.0.2." + std::to_string(i));
  for (int i = 0; i < 3; ++i) {
    const std::string host = "h" + std::to_string(i) + ".example.com";
    proof.endpoints.push_back(endpoint("tcp/" + host + ":443", host, many));
  }
  const Plan plan = plan_works(proof);
  EXPECT_EQ(plan.probes.size(), limits::kProofAddresses + 3);  // the resolver, loopback
  EXPECT_EQ(plan.probes[1].label, "h0.example.com");
  EXPECT_EQ(plan.probes[3].label, "h2.example.com");
  const Row* rest = find_row(plan.rows, "more addresses");
  ASSERT_NE(rest, nullptr);
  EXPECT_THAT(rest->probe, HasSubstr(std::to_string(750 - limits::kProofAddresses)));
}

TEST(PlanWorks, PingsWhatMayBePingedAndAsksNoTunnel) {
  auto proof = small_policy();
  proof.endpoints = {
      endpoint("icmp/ping.example.com", "ping.example.com", {"192.0.2.2", "2001:db8::2"}),
      endpoint("esp/vpn.example.com", "vpn.example.com", {"192.0.2.3"}),
      endpoint("icmp/192.0.2.0/24", "", {})};
  const Plan plan = plan_works(proof);
  ASSERT_EQ(plan.probes.size(), 5U);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(plan.probes[i].method, Method::ping);
    EXPECT_EQ(plan.probes[i].kind, KindId("works.ping"));
  }
  const Row* tunnel = find_row(plan.rows, "esp/vpn.example.com");
  ASSERT_NE(tunnel, nullptr);
  EXPECT_EQ(tunnel->mark, Mark::not_probed);
  EXPECT_THAT(tunnel->seen, HasSubstr("a tunnel"));
  EXPECT_EQ(find_row(plan.rows, "icmp/192.0.2.0/24")->mark, Mark::not_probed);
}

// What the policy opens is no leak, and of whom it lets ping nothing else is asked.
TEST(PlanRefusals, FollowsWhatIsOpenWithoutPorts) {
  auto proof = small_policy();
  proof.endpoints.push_back(endpoint("icmp/8.8.8.8", "", {"8.8.8.8"}));
  proof.endpoints.push_back(endpoint("icmp/[2606:4700:4700::/48]", "", {}));
  proof.endpoints.push_back(endpoint("esp/0.0.0.0/1", "", {}));
  const Plan plan = plan_refusals(proof, lookups_of(proof));
  const auto lines = descriptions(plan.probes);
  EXPECT_THAT(lines, Not(::testing::Contains(HasSubstr("echo with data"))));
  EXPECT_THAT(lines, ::testing::Contains("icmp/8.8.8.8, no echo request: to 8.8.8.8"));
  for (const char* skipped : {"echo with data: ping 8.8.8.8", "ping 2606:4700:4700::1111"}) {
    const Row* row = find_row(plan.rows, skipped);
    ASSERT_NE(row, nullptr) << skipped;
    EXPECT_EQ(row->mark, Mark::skipped);
  }
  EXPECT_THAT(lines, ::testing::Contains(HasSubstr("GRE: to ")));
}

TEST(PlanRefusals, CoversTheWholeList) {
  const auto proof = small_policy();
  const Plan plan = plan_refusals(proof, lookups_of(proof));
  EXPECT_TRUE(plan.rows.empty());
  const auto lines = descriptions(plan.probes);
  for (const auto* line : {"google.com by name: connect to tcp/203.0.113.9:443",
                           "google.com by name: connect to tcp/[2001:db8:9::9]:443",
                           "google.com by address: connect to tcp/142.250.72.14:443",
                           "google.com by address: connect to tcp/[2607:f8b0:4005:80a::200e]:443",
                           "github.com by address: connect to tcp/140.82.112.4:443",
                           "github.com by address: connect to tcp/[2606:50c0:8000::153]:443",
                           "example.com by address: connect to tcp/93.184.215.14:443",
                           "wrong port of api.openai.com: connect to tcp/192.0.2.1:22",
                           "wrong port of api.openai.com: connect to tcp/[2001:db8::1]:8443",
                           "foreign resolver over UDP: DNS from udp/8.8.8.8:53 for example.com A",
                           "foreign resolver over TCP: connect to tcp/8.8.8.8:53",
                           "cloud metadata: connect to tcp/169.254.169.254:80",
                           "echo with data: ping 8.8.8.8",
                           "echo with data: ping 2606:4700:4700::1111",
                           "foreign resolver over TCP: connect to tcp/[2606:4700:4700::1111]:53",
                           "neighbour of api.openai.com: connect to tcp/192.0.2.2:443",
                           "QUIC to api.openai.com: to udp/[2001:db8::1]:443",
                           "cloud metadata by NAT64: connect to tcp/[64:ff9b::a9fe:a9fe]:80",
                           "cloud metadata, v4-mapped: connect to tcp/[::ffff:169.254.169.254]:80",
                           "api.openai.com at the address of example.com: TLS to "
                           "tcp/93.184.215.14:443",
                           "SSH to github.com: connect to tcp/140.82.112.4:22",
                           "an outside proxy: connect to tcp/93.184.215.14:3128",
                           "from source port 53: to udp/142.250.72.14:443",
                           "from source port 53: connect to tcp/142.250.72.14:443",
                           "DNS over TLS: connect to tcp/[2606:4700:4700::1111]:853",
                           "DNS over QUIC: to udp/1.1.1.1:853",
                           "DNS over HTTPS, cloudflare-dns.com: connect to tcp/104.16.248.249:443",
                           "SCTP: to 142.250.72.14",
                           "GRE: to 2607:f8b0:4005:80a::200e",
                           "UDP-Lite: to 142.250.72.14",
                           "raw IP (ESP): to 142.250.72.14",
                           "first fragment: to udp/93.184.215.14:9",
                           "later fragment: to 140.82.112.4",
                           "multicast: to udp/239.255.255.250:1900",
                           "broadcast: to udp/255.255.255.255:9"}) {
    EXPECT_THAT(lines, ::testing::Contains(std::string(line)));
  }
}

TEST(PlanRefusals, SkipsWhatThePolicyAllowsAndSaysSo) {
  auto proof = small_policy();
  proof.resolvers = {"8.8.8.8"};
  proof.endpoints.push_back(endpoint("tcp/github.com:443", "github.com", {"140.82.112.3"}));
  proof.endpoints.push_back(endpoint("tcp/142.250.0.0/15:443", "", {}));
  const Plan plan = plan_refusals(proof, lookups_of(proof));
  const auto lines = descriptions(plan.probes);
  EXPECT_THAT(lines, ::testing::Not(::testing::Contains(HasSubstr("github.com by"))));
  EXPECT_THAT(lines, ::testing::Not(::testing::Contains(HasSubstr("tcp/142.250.72.14"))));
  EXPECT_THAT(lines, ::testing::Not(::testing::Contains(HasSubstr("8.8.8.8:53 "))));
  EXPECT_THAT(lines, ::testing::Contains(std::string("echo with data: ping 8.8.8.8")));
  for (const auto* part :
       {"github.com", "142.250.72.14", "foreign resolver over UDP", "foreign resolver over TCP"}) {
    const Row* row = find_row(plan.rows, part);
    ASSERT_NE(row, nullptr) << part;
    EXPECT_EQ(row->mark, Mark::skipped);
    EXPECT_THAT(row->seen, HasSubstr("allowed by policy: "));
  }
}

TEST(PlanRefusals, AnotherAllowedPortIsNoWrongOne) {
  auto proof = small_policy();
  proof.endpoints.push_back(endpoint("tcp/api.openai.com:22", "api.openai.com", {"192.0.2.1"}));
  const Plan plan = plan_refusals(proof, {});
  const auto lines = descriptions(plan.probes);
  EXPECT_EQ(find_row(plan.rows, "tcp/192.0.2.1:22")->mark, Mark::skipped);
  EXPECT_THAT(lines, ::testing::Contains(HasSubstr("tcp/192.0.2.1:80")));
  EXPECT_THAT(lines, ::testing::Contains(HasSubstr("tcp/[2001:db8::1]:8443")));
}

TEST(PlanRefusals, TellsNoAddressFromNoAnswer) {
  const auto proof = small_policy();
  std::vector<Trial> lookups;
  for (const auto& probe : plan_lookups(proof)) {
    if (probe.name->text() == "google.com") lookups.push_back({probe, answer(3, {})});
    if (probe.name->text() == "github.com") lookups.push_back({probe, answer(2, {})});
    if (probe.name->text() == "example.com")
      lookups.push_back({probe, outcome(probe::Outcome::timeout)});
  }
  const Plan plan = plan_refusals(proof, lookups);
  EXPECT_EQ(find_row(plan.rows, "google.com by name")->mark, Mark::not_applicable);
  EXPECT_EQ(find_row(plan.rows, "github.com by name")->mark, Mark::not_proven);
  EXPECT_EQ(find_row(plan.rows, "example.com by name")->mark, Mark::not_proven);
}

TEST(PlanRefusals, DoesNotConnectToASinkhole) {
  const auto proof = small_policy();
  std::vector<Trial> lookups;
  for (const auto& probe : plan_lookups(proof)) {
    lookups.push_back({probe, answer(0, {ip(probe.type == probe::kTypeA ? "127.0.0.1" : "::")})});
  }
  const Plan plan = plan_refusals(proof, lookups);
  EXPECT_THAT(descriptions(plan.probes), ::testing::Not(::testing::Contains(HasSubstr("by name"))));
  EXPECT_EQ(find_row(plan.rows, "google.com by name")->mark, Mark::not_applicable);
}

TEST(PlanRefusals, BoundsTheAddressesOfOneName) {
  const auto proof = small_policy();
  std::vector<IpAddress> many;
  for (int i = 1; i < 100; ++i) many.push_back(ip("203.0.113." + std::to_string(i)));
  const std::vector<Trial> lookups{{plan_lookups(proof).front(), answer(0, many)}};
  const auto lines = descriptions(plan_refusals(proof, lookups).probes);
  EXPECT_EQ(std::ranges::count_if(
                lines, [](const auto& line) { return line.find("by name") != std::string::npos; }),
            static_cast<std::ptrdiff_t>(limits::kProofOutsideAddresses));
}

// With every kind of probe that a host may see.
std::string everything_planned(const control::ProofReply& proof, const Outside& outside) {
  std::string text;
  Plan refusals = plan_refusals(proof, {}, outside);
  for (const auto& probes : {plan_works(proof, outside).probes, plan_lookups(proof, outside),
                             plan_answers(proof, outside), refusals.probes})
    for (const std::string& line : descriptions(probes)) text += line + '\n';
  for (const Row& row : refusals.rows) text += row.probe + '\n';
  return text;
}

TEST(PlanRefusals, TriesTheOutsideHostsThatAreGivenAndNoOther) {
  Outside outside;
  outside.hosts = {{name("one.example"), {ip("203.0.113.1"), ip("2001:db8:f::1")}},
                   {name("two.example"), {ip("203.0.113.2"), ip("2001:db8:f::2")}}};
  outside.resolvers = {ip("203.0.113.53"), ip("2001:db8:f::53")};
  outside.doh = {{name("doh.example"), {ip("203.0.113.44")}}};
  outside.inside_names = {name("inside.example")};
  control::ProofReply nothing_pinned = guarded_policy();
  nothing_pinned.resolvers.clear();
  for (const auto& proof : {small_policy(), guarded_policy(), nothing_pinned}) {
    const std::string given = everything_planned(proof, outside);
    for (const char* part : {"one.example", "two.example", "203.0.113.1:443", "[2001:db8:f::2]:443",
                             "203.0.113.53", "[2001:db8:f::53]", "203.0.113.44:443"})
      EXPECT_THAT(given, HasSubstr(part));
    const std::string usual = everything_planned(proof, well_known());
    for (const auto& hosts : {well_known().hosts, well_known().doh}) {
      for (const auto& [name, addresses] : hosts) {
        EXPECT_THAT(usual, HasSubstr(name.text()));
        EXPECT_THAT(given, Not(HasSubstr(name.text())));
        for (const IpAddress& address : addresses) {
          EXPECT_THAT(usual, HasSubstr(address.text()));
          EXPECT_THAT(given, Not(HasSubstr(address.text())));
        }
      }
    }
    for (const IpAddress& address : well_known().resolvers)
      EXPECT_THAT(given, Not(HasSubstr(address.text())));
  }
  const std::string guarded = everything_planned(guarded_policy(), outside);
  EXPECT_THAT(guarded, HasSubstr("inside.example"));
  EXPECT_THAT(guarded, Not(HasSubstr("localtest.me")));
}

TEST(PlanRefusals, SkipsAnOutsideHostThatThePolicyAllows) {
  Outside outside = well_known();
  outside.hosts.front() = {name("api.openai.com"), {ip("192.0.2.1"), ip("2001:db8::1")}};
  const Plan plan = plan_refusals(small_policy(), {}, outside);
  const Row* row = find_row(plan.rows, "api.openai.com");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->mark, Mark::skipped);
}

}  // namespace
}  // namespace egress::verify
