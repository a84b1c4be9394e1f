// Names whose addresses move, are shared, or fail to resolve.
#include <thread>

#include "net/net_test.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class Addresses : public NetTest {
 protected:
  bool opens(const std::string& address, std::chrono::milliseconds patience = 10s) {
    return eventually([&] { return tcp(address) == Seen::answered; }, patience);
  }
  control::EntryReport entry(const Daemon& daemon, std::string_view target) {
    for (control::EntryReport& report :
         daemon.ask<control::ListReply>(control::ListRequest{}).entries) {
      if (report.target == target) return std::move(report);
    }
    throw std::runtime_error("no entry " + std::string(target));
  }
};

TEST_F(Addresses, AMovedAddressOpensAtTheEndOfItsTtl) {
  dns.set("api.openai.com", {.addresses = {kApi4}, .ttl = 2});
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(opens(kApi4));
  ASSERT_EQ(tcp(kApi4Second), Seen::refused);
  dns.set("api.openai.com", {.addresses = {kApi4Second}, .ttl = 2});
  EXPECT_TRUE(opens(kApi4Second, 3s));
  EXPECT_EQ(tcp(kApi4), Seen::answered) << "the older address stays for the grace";
}

TEST_F(Addresses, AQuestionThatIsLostOnTheWayIsAskedAgain) {
  dns.set("api.openai.com", {.addresses = {}, .is_silent = true});
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return dns.asked("api.openai.com") >= 2; }));
  dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
  EXPECT_TRUE(opens(kApi4, 4s));
  EXPECT_TRUE(opens(kApi6, 4s));
}

TEST_F(Addresses, AnAddressThatIsGoneClosesAfterTheGrace) {
  dns.set("api.openai.com", {.addresses = {kApi4}, .ttl = 1});
  const Daemon daemon(lab,
                      "version: 1\nresolvers: [10.77.0.1]\nlimits: { min_ttl: 1s, grace: 2s "
                      "}\nallow: [api.openai.com]\n");
  ASSERT_TRUE(opens(kApi4));
  dns.set("api.openai.com", {.addresses = {kApi4Second}, .ttl = 1});
  ASSERT_TRUE(opens(kApi4Second, 3s));
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::refused; }, 6s));
  EXPECT_EQ(tcp(kApi4Second), Seen::answered);
}

// A CDN that answers with two of eight addresses at a time: what was seen once is never refused
// while in its grace.
TEST_F(Addresses, APoolThatRotatesUnderContinuousConnectsIsNeverRefused) {
  std::vector<std::string> pool;
  for (int i = 1; i <= 8; ++i) pool.push_back("104.18.32." + std::to_string(i));
  dns.set("api.openai.com", {.addresses = {pool[0], pool[1]}, .ttl = 1});
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(opens(pool[1]));

  std::vector<std::string> seen{pool[0], pool[1]};
  std::size_t connects = 0;
  for (std::size_t turn = 1; turn < 6; ++turn) {
    const std::string& newest = pool[(2 * turn + 1) % pool.size()];
    dns.set("api.openai.com", {.addresses = {pool[2 * turn % pool.size()], newest}, .ttl = 1});
    const auto end = std::chrono::steady_clock::now() + 1500ms;
    while (std::chrono::steady_clock::now() < end) {
      for (const std::string& address : seen) EXPECT_EQ(tcp(address), Seen::answered) << address;
      connects += seen.size();
    }
    ASSERT_TRUE(opens(newest)) << newest;
    seen.push_back(pool[2 * turn % pool.size()]);
    seen.push_back(newest);
  }
  EXPECT_GT(connects, 200U);
}

TEST_F(Addresses, ASharedAddressStaysUntilItsLastOwnerGoes) {
  dns.set("one.example.com", {.addresses = {kApi4, kApi6}});
  dns.set("two.example.com", {.addresses = {kApi4, kApi6}});
  const Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "one.example.com:443", "two.example.com:443"}).exit_code, 0);
  ASSERT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(daemon.egressctl({"deny", "one.example.com:443"}).exit_code, 0);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kApi6), Seen::answered);
  EXPECT_EQ(daemon.egressctl({"deny", "two.example.com:443"}).exit_code, 0);
  EXPECT_EQ(tcp(kApi4), Seen::refused);
  EXPECT_EQ(tcp(kApi6), Seen::refused);
}

TEST_F(Addresses, NamesThatFailDoNotHoldUpTheOthers) {
  dns.set("nodata.example.com", {.addresses = {}});
  dns.set("servfail.example.com", {.addresses = {}, .rcode = 2});
  dns.set("refused.example.com", {.addresses = {}, .rcode = 5});
  dns.set("timeout.example.com", {.addresses = {}, .is_silent = true});
  dns.set("only4.example.com", {.addresses = {kApi4}});
  dns.set("only6.example.com", {.addresses = {kApi6}});
  const Daemon daemon(
      lab,
      policy("timeout.example.com, servfail.example.com, nxdomain.example.com, nodata.example.com,"
             "refused.example.com, only4.example.com, only6.example.com"));
  EXPECT_TRUE(opens(kApi4, 1s));
  EXPECT_TRUE(opens(kApi6, 1s));
  const auto says = [&](const char* name, const char* word) {
    return eventually([&] {
      return entry(daemon, "tcp/" + std::string(name) + ".example.com:443").error.find(word) !=
             std::string::npos;
    });
  };
  EXPECT_TRUE(says("nxdomain", "NXDOMAIN"));
  EXPECT_TRUE(says("servfail", "SERVFAIL"));
  EXPECT_TRUE(says("refused", "REFUSED"));
  EXPECT_TRUE(says("nodata", "NODATA"));
  EXPECT_TRUE(says("timeout", "timeout")) << entry(daemon, "tcp/timeout.example.com:443").error;
}

TEST_F(Addresses, ANameThatStartsToResolveOpensWithoutHelp) {
  const Daemon daemon(lab, policy(""));
  const Finished allow = daemon.egressctl({"allow", "late.example.com:443"});
  EXPECT_EQ(allow.exit_code, 1) << allow.output;
  EXPECT_NE(allow.output.find("late.example.com"), std::string::npos) << allow.output;
  dns.set("late.example.com", {.addresses = {kApi4}});
  EXPECT_TRUE(opens(kApi4, 12s));
}

TEST_F(Addresses, AResolverThatGoesAndComesBackChangesNothingThatIsOpen) {
  dns.set("api.openai.com", {.addresses = {kApi4}, .ttl = 1});
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(opens(kApi4));
  dns.stop();
  ASSERT_TRUE(eventually([&] { return entry(daemon, "tcp/api.openai.com:443").state == "stale"; }));
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  dns.set("api.openai.com", {.addresses = {kApi4Second}, .ttl = 1});
  dns.start();
  EXPECT_TRUE(opens(kApi4Second, 12s));
  EXPECT_EQ(entry(daemon, "tcp/api.openai.com:443").state, "open");
}

// DNS is open to the resolvers of /etc/resolv.conf and nobody else, and follows the file.
TEST_F(Addresses, TheResolversFollowResolvConf) {
  constexpr const char* kNext = "9.9.9.9";
  dns.set("api.openai.com", {.addresses = {kApi4}});
  dns.set("example.org", {.addresses = {kOther4}});
  lab.write_resolv_conf("nameserver 10.77.0.1\n");
  const Daemon daemon(lab, "version: 1\ndns: poll\nallow: [api.openai.com:443]\n");
  ASSERT_TRUE(opens(kApi4));
  ASSERT_EQ(tcp(kResolver, 53), Seen::answered);
  ASSERT_EQ(tcp(kNext, 53), Seen::refused);

  lab.write_resolv_conf(std::string("nameserver ") + kNext + "\n");
  EXPECT_TRUE(eventually([&] { return tcp(kNext, 53) == Seen::answered; }));
  EXPECT_EQ(tcp(kResolver, 53), Seen::refused) << "the former resolver stays open";
  const auto status = daemon.ask<control::StatusReply>(control::StatusRequest{});
  EXPECT_EQ(status.resolvers, std::vector<std::string>{kNext});
  ASSERT_EQ(daemon.egressctl({"allow", "example.org:443"}).exit_code, 0);
  EXPECT_EQ(tcp(kOther4), Seen::answered) << "the new resolver is not asked";
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

TEST_F(Addresses, ARestartWithADeadResolverUsesTheLastKnownGoodAddresses) {
  dns.set("api.openai.com", {.addresses = {kApi4, kApi6}, .ttl = 60});
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(opens(kApi4));
  dns.stop();
  daemon.terminate();
  lab.on_host({"nft", "delete", "table", "inet", "egressd"});
  daemon.start();
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kApi6), Seen::answered);
  EXPECT_EQ(tcp(kOther4), Seen::refused);
}

}  // namespace
}  // namespace egress::test
