#include "egressctl/verify/allowed.hpp"

#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace egress::verify {
namespace {

TEST(SplitTarget, ReadsEveryFormTheDaemonPrints) {
  const auto named = split_target("tcp/api.openai.com:443");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->destination, "api.openai.com");
  EXPECT_EQ(named->ports, (PortRange{443, 443}));

  const auto cidr = split_target("udp/[2001:db8::/32]:8000-8010");
  ASSERT_TRUE(cidr);
  EXPECT_EQ(cidr->transport, Transport::udp);
  EXPECT_EQ(cidr->destination, "2001:db8::/32");
  EXPECT_EQ(cidr->ports, (PortRange{8000, 8010}));

  EXPECT_EQ(split_target("tcp/192.0.2.0/24:443")->destination, "192.0.2.0/24");

  const auto tunnel = split_target("esp/[2001:db8::/32]");
  ASSERT_TRUE(tunnel);
  EXPECT_EQ(tunnel->transport, Transport::esp);
  EXPECT_EQ(tunnel->destination, "2001:db8::/32");
  EXPECT_EQ(tunnel->ports, PortRange{});
}

TEST(SplitTarget, RefusesWhatIsNoTarget) {
  for (const auto* text :
       {"", "tcp", "tcp/", "api.openai.com:443", "tcp/host", "sctp/host:1", "tcp/host:0",
        "tcp/host:65536", "tcp/host:9-8", "tcp/host:x", "host:1/tcp"}) {
    EXPECT_FALSE(split_target(text)) << text;
  }
}

TEST(ParseResolver, ReadsAddressesWithAndWithoutPort) {
  EXPECT_EQ(parse_resolver("10.0.0.2")->port, 53);
  EXPECT_EQ(parse_resolver("10.0.0.2:5353")->port, 5353);
  EXPECT_EQ(parse_resolver("2001:db8::1")->address, ip("2001:db8::1"));
  EXPECT_EQ(parse_resolver("[2001:db8::1]:5353")->port, 5353);
  EXPECT_FALSE(parse_resolver("resolver.example"));
  EXPECT_FALSE(parse_resolver("10.0.0.2:"));
}

TEST(Allowed, OpensExactlyThePolicysEndpoints) {
  auto proof = small_policy();
  proof.endpoints.push_back(endpoint("tcp/198.51.100.0/24:8000-8010", "", {}));
  const Allowed allowed(proof);
  EXPECT_EQ(allowed.opener({ip("192.0.2.1"), Transport::tcp, 443}), "tcp/api.openai.com:443");
  EXPECT_TRUE(allowed.opener({ip("2001:db8::1"), Transport::tcp, 443}));
  EXPECT_TRUE(allowed.opener({ip("198.51.100.77"), Transport::tcp, 8005}));
  EXPECT_EQ(allowed.opener({ip("10.0.0.2"), Transport::udp, 53}), "resolver 10.0.0.2");
  EXPECT_TRUE(allowed.opener({ip("10.0.0.2"), Transport::tcp, 53}));

  EXPECT_FALSE(allowed.opener({ip("192.0.2.1"), Transport::udp, 443}));
  EXPECT_FALSE(allowed.opener({ip("192.0.2.1"), Transport::tcp, 444}));
  EXPECT_FALSE(allowed.opener({ip("192.0.2.2"), Transport::tcp, 443}));
  EXPECT_FALSE(allowed.opener({ip("198.51.100.77"), Transport::tcp, 8011}));
  EXPECT_FALSE(allowed.opener({ip("10.0.0.2"), Transport::udp, 5353}));
}

TEST(Allowed, KnowsNamesWithoutAddresses) {
  auto proof = small_policy();
  proof.endpoints.push_back(endpoint("tcp/github.com:443", "github.com", {}));
  const Allowed allowed(proof);
  EXPECT_EQ(allowed.opener(name("github.com"), Transport::tcp, 443), "tcp/github.com:443");
  EXPECT_FALSE(allowed.opener(name("github.com"), Transport::tcp, 22));
  EXPECT_FALSE(allowed.opener(name("google.com"), Transport::tcp, 443));
}

TEST(Covers, AWildcardStandsForWhatIsBelowItAndAName) {
  EXPECT_TRUE(covers("*.example.com", name("a.b.example.com")));
  EXPECT_FALSE(covers("*.example.com", name("example.com")));
  EXPECT_TRUE(covers(".example.com", name("example.com")));
  EXPECT_TRUE(covers(".example.com", name("a.example.com")));
  EXPECT_TRUE(covers("example.com", name("example.com")));
  for (const auto* host : {"example.com", "*.example.com", ".example.com"}) {
    EXPECT_FALSE(covers(host, name("badexample.com"))) << host;
    EXPECT_FALSE(covers(host, name("com"))) << host;
  }
  EXPECT_FALSE(covers("example.com", name("a.example.com")));
  EXPECT_FALSE(covers("", name("example.com")));
}

TEST(Allowed, KnowsWhatAWildcardAllows) {
  auto proof = small_policy();
  proof.endpoints.push_back(endpoint("tcp/*.google.com:443", "*.google.com", {}));
  const Allowed allowed(proof);
  EXPECT_EQ(allowed.opener(name("mail.google.com")), "tcp/*.google.com:443");
  EXPECT_EQ(allowed.opener(name("mail.google.com"), Transport::tcp, 443), "tcp/*.google.com:443");
  EXPECT_FALSE(allowed.opener(name("mail.google.com"), Transport::tcp, 80));
  EXPECT_FALSE(allowed.opener(name("google.com")));
  EXPECT_TRUE(allowed.opener(name("api.openai.com")));
}

TEST(Allowed, TheGuardLeavesNoResolverOpen) {
  const Endpoint resolver{ip("10.0.0.2"), Transport::udp, 53};
  EXPECT_TRUE(Allowed(small_policy()).opener(resolver));
  EXPECT_FALSE(Allowed(guarded_policy()).opener(resolver));
}

}  // namespace
}  // namespace egress::verify
