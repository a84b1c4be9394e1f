// Containers: traffic that a bridge forwards is held to the same list.
#include "net/net_test.hpp"

namespace egress::test {
namespace {

class Forward : public NetTest {
 protected:
  Forward() : container_(lab.host() + "-c") {
    dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
    lab.on_host({"sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"});
    run_all(
        {"ip netns add " + container_,
         "ip netns exec " + container_ + " sysctl -q -w net.ipv4.ping_group_range='0 2147483647'",
         "ip -n H link add br-lab type bridge",
         "ip -n H link add port0 type veth peer name eth0 netns " + container_,
         "ip -n H link set port0 master br-lab", "ip -n H addr add 172.20.0.1/16 dev br-lab",
         "ip -n H addr add fd20::1/64 dev br-lab nodad", "ip -n C addr add 172.20.0.2/16 dev eth0",
         "ip -n C addr add fd20::2/64 dev eth0 nodad", "ip -n C link set lo up",
         "ip -n C link set eth0 up", "ip -n H link set port0 up", "ip -n H link set br-lab up",
         "ip -n C route add default via 172.20.0.1", "ip -n C route add default via fd20::1",
         "ip -n N route add 172.20.0.0/16 via 10.77.0.2",
         "ip -n N route add fd20::/64 via 2001:db8:77::2"});
  }
  ~Forward() override { run({.words = {"ip", "netns", "del", container_}}); }

  // H, N and C stand for the namespaces of the host, the internet and the container.
  void run_all(const std::vector<std::string>& lines) {
    for (std::string line : lines) {
      for (const auto& [letter, name] :
           {std::pair(" H ", lab.host()), {" N ", lab.net()}, {" C ", container_}}) {
        if (const std::size_t at = line.find(letter); at != std::string::npos)
          line.replace(at + 1, 1, name);
      }
      const Finished finished = run({.words = {"sh", "-c", line}});
      ASSERT_EQ(finished.exit_code, 0) << line << finished.output;
    }
  }
  bool reaches(const std::string& address, std::uint16_t port = 443) {
    return eventually([&] { return tcp_probe(container_, address, port) == Seen::answered; });
  }

  const std::string container_;
};

// Which interfaces the file meant is not known then; those of the shipped policy are held.
TEST_F(Forward, ContainersAreHeldWhenThePolicyCannotBeRead) {
  ASSERT_TRUE(reaches(kOther4));
  lab.write_policy("version: 1\nallow: [nonsense:port]\n");
  ASSERT_EQ(lab.lock_down().exit_code, 0);
  EXPECT_EQ(tcp_probe(container_, kOther4, 443), Seen::refused);
  EXPECT_EQ(tcp_probe(container_, kOther6, 443), Seen::refused);
  EXPECT_EQ(udp_probe(container_, kOther4, 443), Seen::refused);
}

TEST_F(Forward, ContainersReachWhatIsAllowedAndNothingElse) {
  ASSERT_TRUE(reaches(kOther4));
  ASSERT_TRUE(reaches(kOther6));
  const Daemon daemon(lab, policy("api.openai.com:443", "forward: [\"br-*\"]"));
  EXPECT_TRUE(reaches(kApi4));
  EXPECT_TRUE(reaches(kApi6));
  Tap after(lab.net(), "host0");
  for (const char* address : {kOther4, kOther6, kMetadata, "8.8.8.8"}) {
    EXPECT_EQ(tcp_probe(container_, address, 443), Seen::refused) << address;
    EXPECT_EQ(udp_probe(container_, address, 53), Seen::refused) << address;
    EXPECT_EQ(ping_probe(container_, address), Seen::refused) << address;
    EXPECT_EQ(after.count(address), 0U) << address;
  }
  EXPECT_EQ(tcp_probe(container_, kApi4, 80), Seen::refused);
}

TEST_F(Forward, AnInterfaceThatIsNotListedIsNotHeld) {
  ASSERT_TRUE(reaches(kOther4));
  const Daemon daemon(lab, policy("", "forward: [docker0]"));
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  EXPECT_EQ(tcp_probe(container_, kOther4, 443), Seen::answered);
}

TEST_F(Forward, ARevocationCutsAContainersTransfer) {
  const Daemon daemon(lab, policy("", "forward: [\"br-*\"]"));
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_TRUE(reaches(kApi4));
  Connection transfer(container_, kApi4, 443);
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
  Connection refused(container_, kOther4, 443), allowed(container_, kApi4, 443);
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
  const TcpServer server(container_, {80});
  Connection session(lab.net(), "10.77.0.2", 8080);
  ASSERT_GT(session.receive_for(std::chrono::milliseconds(300)), 0U);
  const Daemon daemon(lab, policy("", "forward: [\"br-*\"]"));
  session.receive_for(std::chrono::milliseconds(500));
  EXPECT_GT(session.receive_for(std::chrono::milliseconds(500)), 0U);
}

}  // namespace
}  // namespace egress::test
