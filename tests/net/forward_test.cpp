// Containers: traffic that a bridge forwards is held to the same list.
#include "net/net_test.hpp"
#include "support/container.hpp"

namespace egress::test {
namespace {

class Forward : public NetTest {
 protected:
  Forward() { dns.set("api.openai.com", {.addresses = {kApi4, kApi6}}); }

  bool reaches(const std::string& address, std::uint16_t port = 443) {
    return eventually(
        [&] { return tcp_probe(container.netns(), address, port) == Seen::answered; });
  }

  const Container container{lab};
};

// Which interfaces the file meant is not known then; all but the way out are held.
TEST_F(Forward, ContainersAreHeldWhenThePolicyCannotBeRead) {
  ASSERT_TRUE(reaches(kOther4));
  lab.write_policy("version: 1\nallow: [nonsense:port]\n");
  ASSERT_EQ(lab.lock_down().exit_code, 0);
  EXPECT_EQ(tcp_probe(container.netns(), kOther4, 443), Seen::refused);
  EXPECT_EQ(tcp_probe(container.netns(), kOther6, 443), Seen::refused);
  EXPECT_EQ(udp_probe(container.netns(), kOther4, 443), Seen::refused);
}

TEST_F(Forward, ContainersReachWhatIsAllowedAndNothingElse) {
  // At another port than is looked at below: the last of these connections may come late.
  ASSERT_TRUE(reaches(kOther4, 444));
  ASSERT_TRUE(reaches(kOther6, 444));
  const Daemon daemon(lab, policy("api.openai.com:443", "forward: [\"br-*\"]"));
  EXPECT_TRUE(reaches(kApi4));
  EXPECT_TRUE(reaches(kApi6));
  Tap after(lab.net(), "host0");
  for (const char* address : {kOther4, kOther6, kMetadata, "8.8.8.8"}) {
    EXPECT_EQ(tcp_probe(container.netns(), address, 443), Seen::refused) << address;
    EXPECT_EQ(udp_probe(container.netns(), address, 53), Seen::refused) << address;
    EXPECT_EQ(ping_probe(container.netns(), address), Seen::refused) << address;
    for (const std::uint16_t port : {std::uint16_t{443}, std::uint16_t{53}})
      EXPECT_EQ(after.count(address, port), 0U) << address;
  }
  EXPECT_EQ(tcp_probe(container.netns(), kApi4, 80), Seen::refused);
}

TEST_F(Forward, APolicyThatDoesNotSayHoldsTheBridgesOfContainers) {
  ASSERT_TRUE(reaches(kOther4));
  Daemon daemon(lab, policy(""));
  EXPECT_EQ(tcp_probe(container.netns(), kOther4, 443), Seen::refused);
  EXPECT_EQ(tcp_probe(container.netns(), kOther6, 443), Seen::refused);
  daemon.write_policy(policy("", "forward: []"));
  const Finished reload = daemon.egressctl({"reload"});
  EXPECT_NE(reload.output.find("forward  all     none"), std::string::npos) << reload.output;
  EXPECT_EQ(tcp_probe(container.netns(), kOther4, 443), Seen::answered);
}

TEST_F(Forward, AnInterfaceThatIsNotListedIsNotHeld) {
  ASSERT_TRUE(reaches(kOther4));
  const Daemon daemon(lab, policy("", "forward: [docker0]"));
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  EXPECT_EQ(tcp_probe(container.netns(), kOther4, 443), Seen::answered);
}

TEST_F(Forward, ARevocationCutsAContainersTransfer) {
  const Daemon daemon(lab, policy("", "forward: [\"br-*\"]"));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_TRUE(reaches(kApi4));
  Connection transfer(container.netns(), kApi4, 443);
  ASSERT_GT(transfer.receive_for(std::chrono::milliseconds(300)), 0U);
  ASSERT_EQ(daemon.egressctl({"deny", "api.openai.com:443"}).exit_code, 0);
  transfer.receive_for(std::chrono::seconds(1));
  EXPECT_EQ(transfer.receive_for(std::chrono::seconds(1)), 0U);
}

// A flow from before egressd, which somebody's address translation has tracked.
TEST_F(Forward, ATransferFromBeforeIsCutUnlessItIsAllowed) {
  lab.nft(
      "table ip before {\n chain postrouting {\n type nat hook postrouting priority 100\n"
      " oifname \"uplink0\" masquerade\n }\n}\n");
  ASSERT_TRUE(reaches(kOther4));
  Connection refused(container.netns(), kOther4, 443), allowed(container.netns(), kApi4, 443);
  ASSERT_GT(refused.receive_for(std::chrono::milliseconds(300)), 0U);
  ASSERT_GT(allowed.receive_for(std::chrono::milliseconds(300)), 0U);
  const Daemon daemon(lab, policy(std::string(kApi4) + ":443", "forward: [\"br-*\"]"));
  refused.receive_for(std::chrono::seconds(1));
  EXPECT_EQ(refused.receive_for(std::chrono::seconds(1)), 0U);
  EXPECT_GT(allowed.receive_for(std::chrono::milliseconds(300)), 0U);
  EXPECT_FALSE(allowed.is_dead());
}

// From outside to a server in a container, by whatever translation that was tracked with.
TEST_F(Forward, ASessionIntoAContainerGoesOn) {
  lab.nft(
      "table ip before {\n chain prerouting {\n type nat hook prerouting priority -100\n"
      " iifname \"uplink0\" tcp dport 8080 dnat to 172.20.0.2:80\n }\n}\n");
  const TcpServer server(container.netns(), {80});
  Connection session(lab.net(), "10.77.0.2", 8080);
  ASSERT_GT(session.receive_for(std::chrono::milliseconds(300)), 0U);
  const Daemon daemon(lab, policy("", "forward: [\"br-*\"]"));
  session.receive_for(std::chrono::milliseconds(500));
  EXPECT_GT(session.receive_for(std::chrono::milliseconds(500)), 0U);
}

}  // namespace
}  // namespace egress::test
