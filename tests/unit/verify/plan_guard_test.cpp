// Which probes prove a policy with `dns: guard`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "egress/core/limits.hpp"
#include "fixtures.hpp"

namespace egress::verify {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kData = "65677265737364207665726966793a206461746120696e206c6162656c73";

std::vector<std::string> descriptions(const std::vector<Probe>& probes) {
  std::vector<std::string> lines;
  for (const auto& probe : probes) lines.push_back(describe(probe));
  return lines;
}

const Probe* find_probe(const Plan& plan, std::string_view part) {
  const auto at = std::ranges::find_if(plan.probes, [&](const Probe& probe) {
    return describe(probe).find(part) != std::string::npos;
  });
  return at == plan.probes.end() ? nullptr : &*at;
}

const Row* find_row(const Rows& rows, std::string_view part) {
  const auto at = std::ranges::find_if(
      rows, [&](const Row& row) { return row.probe.find(part) != std::string::npos; });
  return at == rows.end() ? nullptr : &*at;
}

TEST(PlanGuardWorks, AsksAtEachResolversAddressOverBothTransports) {
  auto proof = guarded_policy();
  proof.resolvers = {"[2001:db8::53]:5353", "10.0.0.2", "10.0.0.2:5353"};
  const Plan plan = plan_works(proof);
  EXPECT_THAT(descriptions(plan.probes),
              ElementsAre("DNS guard: DNS from udp/10.0.0.2:53 for api.openai.com A",
                          "DNS guard: DNS from tcp/10.0.0.2:53 for api.openai.com A",
                          "DNS guard: DNS from udp/[2001:db8::53]:53 for api.openai.com A",
                          "DNS guard: DNS from tcp/[2001:db8::53]:53 for api.openai.com A",
                          "api.openai.com: TLS to tcp/192.0.2.1:443",
                          "api.openai.com: TLS to tcp/[2001:db8::1]:443",
                          "loopback: connect to 127.0.0.1", "loopback: connect to ::1"));
  EXPECT_EQ(plan.probes.front().guard, GuardAnswer::addresses);
}

TEST(PlanGuardWorks, AsksForTheFamilyThatIsOpen) {
  auto proof = guarded_policy();
  proof.endpoints[0].addresses = {{"2001:db8::1", {}, 0}};
  EXPECT_EQ(plan_works(proof).probes.front().type, probe::kTypeAaaa);
}

TEST(PlanGuardWorks, WithoutAnAllowedNameARefusalIsAskedFor) {
  auto proof = guarded_policy();
  proof.endpoints = {endpoint("tcp/192.0.2.3:443", "", {"192.0.2.3"}),
                     endpoint("tcp/*.example.com:443", "*.example.com", {})};
  const Plan plan = plan_works(proof);
  ASSERT_EQ(plan.probes.size(), 5U);
  EXPECT_EQ(plan.probes[0].guard, GuardAnswer::refusal);
  EXPECT_EQ(*plan.probes[0].name, name("google.com"));
  EXPECT_EQ(find_row(plan.rows, "*.example.com")->mark, Mark::not_probed);
}

TEST(PlanAnswers, AsksForBothFamiliesOfEachAllowedName) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/api.openai.com:8443", "api.openai.com", {"192.0.2.1"}));
  proof.endpoints.push_back(endpoint("tcp/dead.example:443", "dead.example", {}));
  proof.endpoints.push_back(endpoint("tcp/rebind.example:443", "rebind.example", {"192.0.2.7"}));
  proof.endpoints.push_back(endpoint("tcp/192.0.2.3:443", "", {"192.0.2.3"}));
  proof.filtered = {"rebind.example"};
  EXPECT_THAT(descriptions(plan_answers(proof)),
              ElementsAre("api.openai.com: DNS from udp/10.0.0.2:53 for api.openai.com A",
                          "api.openai.com: DNS from udp/10.0.0.2:53 for api.openai.com AAAA"));
  proof.dns = "poll";
  EXPECT_THAT(plan_answers(proof), IsEmpty());
}

TEST(PlanAnswers, IsBounded) {
  auto proof = guarded_policy();
  for (std::size_t i = 1; i < limits::kProofNames + 1; ++i) {
    const std::string host = "h" + std::to_string(i) + ".example";
    EXPECT_EQ(plan_answers(proof).size(), 2 * i);
    proof.endpoints.push_back(endpoint("tcp/" + host + ":443", host, {"192.0.2.1"}));
  }
  EXPECT_EQ(plan_answers(proof).size(), 2 * limits::kProofNames);
}

TEST(PlanGuardRefusals, CoversTheWholeList) {
  const auto proof = guarded_policy();
  EXPECT_THAT(plan_lookups(proof), IsEmpty());
  const Plan plan = plan_refusals(proof, {});
  EXPECT_THAT(plan.rows, IsEmpty());
  const auto lines = descriptions(plan.probes);
  const std::vector<std::string> expected{
      "google.com by name: DNS from udp/10.0.0.2:53 for google.com A",
      "google.com by name: DNS from udp/10.0.0.2:53 for google.com AAAA",
      "google.com by name: DNS from tcp/10.0.0.2:53 for google.com A",
      "github.com by name: DNS from udp/10.0.0.2:53 for github.com A",
      "example.com by name: DNS from udp/10.0.0.2:53 for example.com AAAA",
      "google.com by address: connect to tcp/142.250.72.14:443",
      "github.com by address: connect to tcp/[2606:50c0:8000::153]:443",
      "wrong port of api.openai.com: connect to tcp/192.0.2.1:22",
      "foreign resolver over UDP: DNS from udp/8.8.8.8:53 for google.com A",
      "foreign resolver over UDP: DNS from udp/[2001:4860:4860::8888]:53 for google.com A",
      "foreign resolver over TCP: DNS from tcp/8.8.8.8:53 for google.com A",
      "TXT tunnel: DNS from udp/10.0.0.2:53 for " + kData + ".google.com TXT",
      "TXT tunnel: DNS from udp/8.8.8.8:53 for " + kData + ".google.com TXT",
      "TXT tunnel: DNS from udp/10.0.0.2:53 for " + kData + ".api.openai.com TXT",
      "address hints: DNS from udp/10.0.0.2:53 for api.openai.com HTTPS",
      "DNS over TLS: connect to tcp/8.8.8.8:853",
      "DNS over QUIC: to udp/8.8.8.8:853",
      "DNS over TLS: connect to tcp/10.0.0.2:853",
      "DNS over QUIC: to udp/10.0.0.2:853",
      "DNS over HTTPS, dns.google: connect to tcp/8.8.8.8:443",
      "DNS over HTTPS, cloudflare-dns.com: connect to tcp/1.1.1.1:443",
      "DNS over HTTPS, dns.google: connect to tcp/[2001:4860:4860::8888]:443",
      "cloud metadata: connect to tcp/169.254.169.254:80",
      "echo with data: ping 8.8.8.8",
      "dns.google by name: DNS from udp/10.0.0.2:53 for dns.google A",
      "name of an inside address: DNS from udp/10.0.0.2:53 for localtest.me A"};
  for (const auto& line : expected) EXPECT_THAT(lines, Contains(line));
}

TEST(PlanGuardRefusals, EachQuestionKnowsWhatTheGuardMustMakeOfIt) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/.wild.example:443", ".wild.example", {}));
  proof.filtered = {"rebind.example"};
  const Plan plan = plan_refusals(proof, {});
  const auto guard = [&](std::string_view part) { return find_probe(plan, part)->guard; };
  EXPECT_EQ(guard("google.com by name: DNS"), GuardAnswer::refusal);
  EXPECT_EQ(guard("foreign resolver over TCP"), GuardAnswer::refusal);
  EXPECT_EQ(guard(kData + ".google.com"), GuardAnswer::refusal);
  EXPECT_EQ(guard(kData + ".api.openai.com"), GuardAnswer::refusal);  // an exact name covers itself
  EXPECT_EQ(guard(kData + ".wild.example"), GuardAnswer::no_data);
  EXPECT_EQ(guard("address hints"), GuardAnswer::no_data);
  EXPECT_EQ(guard("inside addresses"), GuardAnswer::no_inside);
  EXPECT_FALSE(guard("DNS over QUIC"));
}

TEST(PlanGuardRefusals, OneNameIsAskedAtEveryResolversAddress) {
  auto proof = guarded_policy();
  proof.resolvers = {"2001:db8::53", "10.0.0.3", "10.0.0.2"};
  const auto lines = descriptions(plan_refusals(proof, {}).probes);
  for (const auto* at : {"udp/10.0.0.2:53", "tcp/10.0.0.2:53", "udp/10.0.0.3:53", "tcp/10.0.0.3:53",
                         "udp/[2001:db8::53]:53", "tcp/[2001:db8::53]:53"}) {
    EXPECT_EQ(std::ranges::count(
                  lines, std::string("google.com by name: DNS from ") + at + " for google.com A"),
              1)
        << at;
  }
}

TEST(PlanGuardRefusals, SkipsNamesThatThePolicyAllowsAtAnyPort) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/google.com:22", "google.com", {"203.0.113.9"}));
  proof.endpoints.push_back(endpoint("tcp/.github.com:443", ".github.com", {}));
  const Plan plan = plan_refusals(proof, {});
  const auto lines = descriptions(plan.probes);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("google.com by name"))));
  EXPECT_THAT(lines, Contains(HasSubstr("google.com by address")));  // at 443
  EXPECT_THAT(lines, Not(Contains(HasSubstr("github.com by"))));
  EXPECT_THAT(lines, Contains(HasSubstr("tcp/8.8.8.8:53 for example.com A")));
  EXPECT_EQ(find_row(plan.rows, "google.com by name")->seen,
            "allowed by policy: tcp/google.com:22");
  EXPECT_EQ(find_row(plan.rows, "github.com")->mark, Mark::skipped);
}

TEST(PlanGuardRefusals, AWildcardBelowAnUnlistedNameLeavesNoData) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/*.google.com:443", "*.google.com", {}));
  const Plan plan = plan_refusals(proof, {});
  EXPECT_EQ(find_probe(plan, "google.com by name: DNS")->guard, GuardAnswer::refusal);
  EXPECT_EQ(find_probe(plan, kData + ".google.com")->guard, GuardAnswer::no_data);
}

TEST(PlanGuardRefusals, SkipsEncryptedDnsOnlyWhereAnEntryOpensIt) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/8.8.8.8:443", "", {"8.8.8.8"}));
  proof.endpoints.push_back(endpoint("tcp/10.0.0.2:853", "", {"10.0.0.2"}));
  const Plan plan = plan_refusals(proof, {});
  const auto lines = descriptions(plan.probes);
  EXPECT_THAT(lines, Not(Contains("DNS over HTTPS, dns.google: connect to tcp/8.8.8.8:443")));
  EXPECT_THAT(lines, Contains("DNS over HTTPS, cloudflare-dns.com: connect to tcp/1.1.1.1:443"));
  EXPECT_THAT(lines, Not(Contains("DNS over TLS: connect to tcp/10.0.0.2:853")));
  EXPECT_THAT(lines, Contains(HasSubstr("udp/10.0.0.2:853")));
  EXPECT_EQ(find_row(plan.rows, "DNS over HTTPS")->mark, Mark::skipped);
}

TEST(PlanGuardRefusals, AnEntryForPort53OpensNothing) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("udp/8.8.8.8:53", "", {"8.8.8.8"}));
  EXPECT_THAT(descriptions(plan_refusals(proof, {}).probes),
              Contains(HasSubstr("foreign resolver over UDP: DNS from udp/8.8.8.8:53")));
}

TEST(PlanGuardRefusals, AResolverOnLoopbackNeedsNoWayOut) {
  auto proof = guarded_policy();
  proof.resolvers = {"127.0.0.1:5353"};
  const auto lines = descriptions(plan_refusals(proof, {}).probes);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("127.0.0.1:853"))));
  EXPECT_THAT(lines, Contains(HasSubstr("tcp/8.8.8.8:853")));
}

TEST(PlanGuardRefusals, FilteredNamesKnowWhatTheirEntriesPermit) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/mirror.corp:443", "mirror.corp", {"10.20.30.40"}));
  proof.endpoints.back().private_answers = true;
  proof.endpoints.push_back(endpoint("tcp/*.corp:80", "*.corp", {}));
  proof.filtered = {"mirror.corp", "rebind.example"};
  const Plan plan = plan_refusals(proof, {});
  EXPECT_TRUE(find_probe(plan, "mirror.corp A")->allows_private);
  EXPECT_FALSE(find_probe(plan, "mirror.corp A")->allows_metadata);
  EXPECT_FALSE(find_probe(plan, "rebind.example AAAA")->allows_private);
}

TEST(PlanGuardRefusals, FilteredNamesAreBoundedAndTheRestIsTold) {
  auto proof = guarded_policy();
  const auto asked = [&] {
    const Plan plan = plan_refusals(proof, {});
    return std::ranges::count(plan.probes, GuardAnswer::no_inside, &Probe::guard);
  };
  for (std::size_t i = 0; i < limits::kProofFiltered; ++i)
    proof.filtered.push_back("f" + std::to_string(i) + ".example");
  EXPECT_EQ(asked(), static_cast<std::ptrdiff_t>(2 * limits::kProofFiltered));
  EXPECT_EQ(find_row(plan_refusals(proof, {}).rows, "inside addresses"), nullptr);
  proof.filtered.push_back("one-more.example");
  EXPECT_EQ(asked(), static_cast<std::ptrdiff_t>(2 * limits::kProofFiltered));
  EXPECT_EQ(find_row(plan_refusals(proof, {}).rows, "1 more names")->mark, Mark::not_probed);
}

}  // namespace
}  // namespace egress::verify
