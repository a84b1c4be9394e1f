// Links without an IPv4 address of the host: routed veths, as Calico makes them for pods. A
// redirect finds no address there to lead to.
#include <gmock/gmock.h>

#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A pod whose gateway answers for every address (proxy_arp), and to which a host route leads.
class Pod {
 public:
  Pod(const Lab& lab, int number) : netns_(lab.host() + "-pod" + std::to_string(number)) {
    const std::string link = "cali" + std::to_string(number), on_host = "ip -n " + lab.host(),
                      in_pod = "ip -n " + netns_, host = std::to_string(number);
    script("ip netns add " + netns_ + "; " + on_host + " link add " + link +
           " address ee:ee:ee:ee:ee:ee type veth peer name eth0 netns " + netns_ +
           "; ip netns exec " + netns_ + " sysctl -qw net.ipv6.conf.eth0.accept_dad=0; " + on_host +
           " link set " + link + " up; " + in_pod + " link set lo up; " + in_pod +
           " link set eth0 up; " + on_host + " route add 10.244.0." + host + "/32 dev " + link +
           "; " + on_host + " -6 route add fd44::" + host + " dev " + link + "; ip netns exec " +
           lab.host() + " sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 " +
           "net.ipv4.conf." + link + ".proxy_arp=1; " + in_pod + " address add 10.244.0." + host +
           "/32 dev eth0; " + in_pod + " route add 169.254.1.1 dev eth0 scope link; " + in_pod +
           " route add default via 169.254.1.1; " + in_pod + " address add fd44::" + host +
           "/128 dev eth0; " + in_pod + " -6 route add default via fe80::ecee:eeff:feee:eeee dev " +
           "eth0");
  }
  ~Pod() { run({.words = {"ip", "netns", "del", netns_}}); }
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  const std::string& netns() const { return netns_; }

 private:
  static void script(const std::string& commands) {
    const Finished done = run({.words = {"sh", "-ec", commands}});
    if (done.exit_code != 0) throw std::runtime_error(done.output);
  }
  const std::string netns_;
};

class Addressless : public GuardTest, public testing::WithParamInterface<const char*> {
 protected:
  Addressless() {
    run({.words = {"sh", "-ec",
                   "ip -n " + lab.net() + " route add 10.244.0.0/24 via 10.77.0.2; ip -n " +
                       lab.net() + " -6 route add fd44::/64 via 2001:db8:77::2"}});
  }

  static std::string told(const Pod& pod, const DnsServerAddress& server, const std::string& name) {
    const auto reply = test::ask(pod.netns(), server, {.name = name, .type = kTypeA});
    if (!reply) return "silence";
    const auto texts = reply->texts(kTypeA);
    return texts.empty() ? "rcode " + std::to_string(reply->rcode()) : texts.front();
  }
  static bool is_answered(const Pod& pod, const DnsServerAddress& server) {
    return eventually([&] { return told(pod, server, "api.openai.com") == kApi4; });
  }
};
INSTANTIATE_TEST_SUITE_P(Where, Addressless, testing::Values("", "forward: [\"cali*\"]"),
                         [](const auto& of) {
                           return std::string(*of.param == '\0' ? "AllIsHeld" : "AListHolds");
                         });

// Whomever it asks: a server outside, its gateway, the address of a service.
const DnsServerAddress kPodsServers[] = {
    {kPublic4}, {kPublic4, Over::tcp}, {"169.254.1.1"}, {"10.96.0.10"}, {"10.77.0.2"},
    {kPublic6}, {kPublic6, Over::tcp}};

TEST_P(Addressless, APodIsAnsweredByTheGuardInBothFamilies) {
  const Pod pod(lab, 7);
  ASSERT_TRUE(eventually([&] { return told(pod, {kPublic4}, "github.com") == kOther4; }))
      << "positive control";
  ASSERT_TRUE(eventually([&] { return told(pod, {kPublic6}, "github.com") == kOther4; }))
      << "positive control";
  ASSERT_EQ(tcp_probe(pod.netns(), kOther4, 443), Seen::answered) << "positive control";
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", GetParam()));
  Tap after(lab.net(), "host0");
  for (const DnsServerAddress& server : kPodsServers) {
    EXPECT_TRUE(is_answered(pod, server)) << server.address;
    EXPECT_TRUE(
        is_blocked(test::ask(pod.netns(), server, {.name = "secret.github.com", .type = kTypeA})))
        << server.address;
  }
  EXPECT_FALSE(after.carried("secret"));
  EXPECT_EQ(after.count(kPublic4) + after.count(kPublic6), 0U);
  EXPECT_EQ(tcp_probe(pod.netns(), kApi4, 443), Seen::answered);
  EXPECT_EQ(tcp_probe(pod.netns(), kOther4, 443), Seen::refused);
  EXPECT_NE(udp_probe(pod.netns(), "10.77.0.2", 553), Seen::answered) << "only what was redirected";
  const auto status = daemon.ask<control::StatusReply>(control::StatusRequest{});
  EXPECT_THAT(status.unheard, IsEmpty());
  EXPECT_THAT(status.deviations, IsEmpty());
}

TEST_P(Addressless, APodThatComesLaterIsAnsweredAndSoIsItAtANewAddressOfTheHost) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", GetParam()));
  const Pod pod(lab, 8), other(lab, 9);
  EXPECT_TRUE(is_answered(pod, {kPublic4}));
  EXPECT_TRUE(is_answered(other, {kPublic4}));
  lab.on_host({"sh", "-ec",
               "ip address add 192.168.77.9/32 dev uplink0; ip address del 10.77.0.2/24 dev "
               "uplink0"});
  EXPECT_TRUE(is_answered(pod, {kPublic4}));
  EXPECT_EQ(told(pod, {kPublic4}, "secret.github.com"), "rcode 3");
  EXPECT_THAT(daemon.ask<control::StatusReply>(control::StatusRequest{}).deviations, IsEmpty());
}

// Its link has got an address: a redirect leads there as anywhere.
TEST_P(Addressless, ALinkThatGetsAnAddressIsLikeAnyOther) {
  const Pod pod(lab, 7);
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", GetParam()));
  ASSERT_TRUE(is_answered(pod, {kPublic4}));
  lab.on_host({"ip", "address", "add", "10.244.9.1/32", "dev", "cali7"});
  EXPECT_TRUE(eventually([&] {
    return lab.on_host({"nft", "list", "table", "inet", "egressd"}).find("dnat ip to") ==
           std::string::npos;
  }));
  EXPECT_TRUE(is_answered(pod, {kPublic4}));
}

}  // namespace
}  // namespace egress::test
