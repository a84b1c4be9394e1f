// What is open is exactly what was allowed. Guarantees: docs/guarantees.md.
#include "net/net_test.hpp"

namespace egress::test {
namespace {

class Isolation : public NetTest {
 protected:
  Isolation() {
    dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
    dns.set("github.com", {.addresses = {kOther4, kOther6}});
  }
};

TEST_F(Isolation, WithoutEgressdEverythingIsReachable) {
  for (const char* address : {kApi4, kApi6, kOther4, kOther6, kMetadata}) {
    EXPECT_EQ(tcp(address), Seen::answered) << address;
    EXPECT_EQ(tcp(address, 444), Seen::answered) << address;
    EXPECT_EQ(udp(address, 443), Seen::answered) << address;
    EXPECT_EQ(udp(address, 53), Seen::answered) << address;
    EXPECT_EQ(ping(address), Seen::answered) << address;
    EXPECT_GT(far_side.count(address), 0U) << address;
  }
}

TEST_F(Isolation, AnEmptyPolicyRefusesEverythingAtOnce) {
  ASSERT_EQ(tcp(kApi4), Seen::answered);
  ASSERT_EQ(tcp(kApi6), Seen::answered);
  const Daemon daemon(lab, policy(""));
  Tap after(lab.net(), "host0");
  for (const char* address :
       {kApi4, kApi6, kOther4, kOther6, kMetadata, "8.8.8.8", "2001:4860:4860::8888"}) {
    EXPECT_EQ(tcp(address), Seen::refused) << address;
    EXPECT_EQ(tcp(address, 53), Seen::refused) << address;
    EXPECT_EQ(udp(address, 53), Seen::refused) << address;
    EXPECT_EQ(ping(address), Seen::refused) << address;
    EXPECT_EQ(after.count(address), 0U) << address << " saw packets on the far side";
  }
}

TEST_F(Isolation, AnAllowedNameOpensItsPortInBothFamiliesAndNothingElse) {
  ASSERT_EQ(udp(kApi4, 443), Seen::answered);
  const Daemon daemon(lab, policy(""));
  ASSERT_EQ(tcp(kApi4), Seen::refused);
  const Finished allow = daemon.egressctl({"allow", "api.openai.com:443"});
  ASSERT_EQ(allow.exit_code, 0) << allow.output;

  Tap after(lab.net(), "host0");
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_EQ(tcp(address), Seen::answered) << address;
    EXPECT_EQ(tcp(address, 444), Seen::refused) << address;
    EXPECT_EQ(tcp(address, 80), Seen::refused) << address;
    EXPECT_EQ(udp(address, 443), Seen::refused) << address << ": QUIC is not implied";
    EXPECT_EQ(ping(address), Seen::refused) << address;
    EXPECT_EQ(after.count(address), after.count(address, 443)) << address;
  }
  for (const char* address : {kOther4, kOther6, kApi4Second, kMetadata}) {
    EXPECT_EQ(tcp(address), Seen::refused) << address;
    EXPECT_EQ(after.count(address), 0U) << address;
  }
}

TEST_F(Isolation, OnlyThePinnedResolverAnswersQuestions) {
  ASSERT_EQ(udp("8.8.8.8", 53), Seen::answered);
  ASSERT_EQ(tcp("8.8.8.8", 53), Seen::answered);
  const Daemon daemon(lab, policy("api.openai.com:443"));
  EXPECT_EQ(udp(kResolver, 53), Seen::answered);
  EXPECT_EQ(udp("8.8.8.8", 53), Seen::refused);
  EXPECT_EQ(tcp("8.8.8.8", 53), Seen::refused);
  EXPECT_EQ(udp("2001:db8:77::1", 53), Seen::refused)
      << "the same machine, but not the pinned address";
}

TEST_F(Isolation, AHostWithIpv6OnlyIsServedAndClosedAlike) {
  lab.on_host({"ip", "-4", "address", "flush", "dev", "uplink0"});
  ASSERT_EQ(tcp(kApi4), Seen::no_route);
  ASSERT_EQ(tcp(kApi6), Seen::answered);
  const Daemon daemon(lab,
                      "version: 1\nresolvers: [\"2001:db8:77::1\"]\nallow: [api.openai.com:443]\n");
  EXPECT_TRUE(eventually([&] { return tcp(kApi6) == Seen::answered; }));
  EXPECT_EQ(tcp(kOther6), Seen::refused);
}

TEST_F(Isolation, NeighbourDiscoveryStillWorksWhenTheCacheIsEmpty) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi6) == Seen::answered; }));
  lab.on_host({"ip", "neighbour", "flush", "dev", "uplink0"});
  EXPECT_EQ(tcp(kApi6), Seen::answered);
}

TEST_F(Isolation, AnAnswerThatPointsInsideOpensNothing) {
  dns.set("rebind.example.com",
          {.addresses = {"10.20.30.40", kMetadata, "fd00:ec2::254", "::ffff:169.254.169.254"},
           .ttl = 1});
  ASSERT_EQ(tcp("10.20.30.40"), Seen::answered);
  ASSERT_EQ(tcp(kMetadata), Seen::answered);
  const Daemon daemon(lab, policy("rebind.example.com:443"));
  const Finished allow = daemon.egressctl({"allow", "rebind.example.com:80"});
  EXPECT_EQ(allow.exit_code, 1) << allow.output;
  for (const char* address : {"10.20.30.40", kMetadata, "fd00:ec2::254"}) {
    EXPECT_EQ(tcp(address), Seen::refused) << address;
    EXPECT_EQ(tcp(address, 80), Seen::refused) << address;
    EXPECT_EQ(far_side.count(address, 80), 0U) << address;
  }
}

TEST_F(Isolation, APrivateAnswerOpensWhereTheEntrySaysSo) {
  dns.set("mirror.corp.example.com", {.addresses = {"10.20.30.40", kMetadata}});
  const Daemon daemon(lab, policy("{ host: mirror.corp.example.com, port: 8443, private: true }"));
  EXPECT_TRUE(eventually([&] { return tcp("10.20.30.40", 8443) == Seen::answered; }));
  EXPECT_EQ(tcp("10.20.30.40", 443), Seen::refused);
  EXPECT_EQ(tcp(kMetadata, 8443), Seen::refused);
}

TEST_F(Isolation, ALiteralPrefixOpensItsAddressesOnly) {
  const Daemon daemon(lab,
                      policy("{ cidr: 160.79.104.0/23, port: 443 }, \"[2607:6bc0::/48]:443\""));
  for (const char* inside : {"160.79.104.0", "160.79.105.255", "2607:6bc0:0:ffff::1"}) {
    EXPECT_EQ(tcp(inside), Seen::answered) << inside;
    EXPECT_EQ(tcp(inside, 80), Seen::refused) << inside;
  }
  for (const char* outside : {"160.79.103.255", "160.79.106.0", "2607:6bc0:1::1"}) {
    EXPECT_EQ(tcp(outside), Seen::refused) << outside;
  }
}

TEST_F(Isolation, AnUnprivilegedUserReadsButDoesNotChange) {
  const Daemon daemon(lab, policy(""));
  EXPECT_EQ(daemon.egressctl({"status"}, kNobody).exit_code, 0);
  const Finished allow = daemon.egressctl({"allow", "api.openai.com:443"}, kNobody);
  EXPECT_EQ(allow.exit_code, 1) << allow.output;
  EXPECT_EQ(tcp(kApi4), Seen::refused);
  EXPECT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  EXPECT_EQ(daemon.egressctl({"deny", "api.openai.com:443"}, kNobody).exit_code, 1);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

TEST_F(Isolation, AuditModePassesAndCounts) {
  const Daemon daemon(lab, policy("api.openai.com:443", "mode: audit"));
  EXPECT_EQ(tcp(kOther4), Seen::answered);
  EXPECT_EQ(tcp(kOther6), Seen::answered);
  EXPECT_EQ(ping("8.8.8.8"), Seen::answered);
  const auto refusals = daemon.ask<control::RefusalsReply>(control::RefusalsRequest{});
  EXPECT_GE(refusals.refused_packets, 3U);
  EXPECT_NE(daemon.egressctl({"status"}).output.find("AUDIT"), std::string::npos);
}

}  // namespace
}  // namespace egress::test
