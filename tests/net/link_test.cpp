// What belongs to a link stays on it, and carries nothing; and the link to the outside is no place
// for containers.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "egress/core/limits.hpp"
#include "net/sources.hpp"
#include "support/as_user.hpp"
#include "support/container.hpp"
#include "support/dns_client.hpp"

namespace egress::test {
namespace {

using testing::IsEmpty;

class Link : public SourcesTest {
 protected:
  void on_host(const std::string& script) const { shell(lab.host(), script); }
  // The uplink becomes a port of a bridge, which has its addresses and its routes.
  void bridge_the_uplink(const std::string& bridge) const {
    on_host("ip link add " + bridge + " type bridge; ip link set " + bridge +
            " up; ip link set uplink0 master " + bridge +
            "; ip address flush dev uplink0 scope global;"
            "ip address add 10.77.0.2/24 dev " +
            bridge + "; ip address add 2001:db8:77::2/64 dev " + bridge + " nodad");
  }
  void route_by(const std::string& device) const {
    on_host("ip route replace default via 10.77.0.1 dev " + device +
            "; ip -6 route replace default via 2001:db8:77::1 dev " + device);
  }
  void expect_container_held(const std::string& netns) {
    Tap after(lab.net(), "host0");
    for (const char* address : {kOther4, kOther6}) {
      EXPECT_EQ(tcp_probe(netns, address, 443), Seen::refused) << address;
      EXPECT_EQ(udp_probe(netns, address, 443), Seen::refused) << address;
      EXPECT_EQ(ping_probe(netns, address), Seen::refused) << address;
      EXPECT_EQ(after.count(address), 0U) << address;
    }
    for (const char* address : {kApi4, kApi6})
      EXPECT_EQ(tcp_probe(netns, address, kAllowed), Seen::answered) << address;
  }
  void expect_container_free(const std::string& netns) {
    for (const char* address : {kOther4, kOther6})
      ASSERT_TRUE(eventually([&] { return tcp_probe(netns, address, 443) == Seen::answered; }))
          << "positive control";
  }
};

class Uplink : public Link, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Forward, Uplink,
                         testing::Values("[docker0, \"br-*\"]", "[br-lab, br-lan]",
                                         "[br-lab, \"br-l*\", \"up*\"]"));

TEST_P(Uplink, InABridgeThatThePolicyMatchesIsNoPlaceForContainers) {
  bridge_the_uplink("br-lan");
  route_by("br-lan");
  const Container container(lab);
  expect_container_free(container.netns());
  const Daemon daemon(lab, policy_of("forward: " + std::string(GetParam())));
  expect_container_held(container.netns());
}

TEST_P(Uplink, ThatTurnsUpLaterIsNoPlaceForContainers) {
  bridge_the_uplink("br-lan");
  on_host("ip route flush exact default; ip -6 route flush exact default");
  const Container container(lab);
  const Daemon daemon(lab, policy_of("forward: " + std::string(GetParam())));
  route_by("br-lan");
  EXPECT_TRUE(
      eventually([&] { return tcp_probe(container.netns(), kOther4, 443) == Seen::refused; }));
  EXPECT_TRUE(
      eventually([&] { return tcp_probe(container.netns(), kOther6, 443) == Seen::refused; }));
  std::this_thread::sleep_for(1s);  // the last of those that were let through may come late
  expect_container_held(container.netns());
}

TEST_F(Link, AnUplinkThatThePolicyNamesIsNoPlaceForContainers) {
  const Container container(lab);
  expect_container_free(container.netns());
  const Daemon daemon(lab, policy_of("forward: [\"br-*\", \"up*\"]"));
  expect_container_held(container.netns());
}

// Of one family only, and in a table that a rule leads to.
TEST_F(Link, AnUplinkWhoseDefaultRouteIsInAnotherTableIsNoPlaceForContainers) {
  bridge_the_uplink("br-lan");
  on_host(
      "ip route flush exact default; ip -6 route flush exact default;"
      "ip route add default via 10.77.0.1 table 100; ip rule add priority 40000 lookup 100;"
      "ip -6 route add default via 2001:db8:77::1 table 100; ip -6 rule add priority 40000 lookup "
      "100");
  const Container container(lab);
  expect_container_free(container.netns());
  const Daemon daemon(lab, policy_of("forward: [\"br-*\"]"));
  expect_container_held(container.netns());
}

// A container on the host's network with the capabilities that Docker gives: it can become any user
// and mark what it sends.
TEST_F(Link, AQuestionOfEgressdsOwnCannotBeForged) {
  dns.set("tok.evil.example", {.addresses = {kOther4}});
  const ClientSocket forged{.key = {0x65677264, 0}, .user = kNobody};
  const DnsQuestion question{.name = "tok.evil.example"};
  ASSERT_TRUE(ask(lab.host(), {kResolver}, question, forged)) << "positive control";
  const std::size_t before = dns.asked("tok.evil.example");
  const Daemon daemon(lab, policy_of());
  for (const auto over : {Over::udp, Over::tcp}) {
    for (const std::uint32_t mark : {0x65677264U, 0U, 1U}) {
      for (const uid_t user : {kNobody, uid_t{0}})
        (void)ask(lab.host(), {kResolver, over}, question, {.key = {mark, 0}, .user = user});
    }
  }
  EXPECT_EQ(dns.asked("tok.evil.example"), before);
  expect_allowed_works();
}

class NeighbourDiscovery : public Link {
 protected:
  static Way message(const Lab& lab, std::uint8_t type, const std::string& to, std::size_t more) {
    return {"type " + std::to_string(type) + " to " + to + " with " + std::to_string(more) +
                " octets more",
            [&lab, type, to, more, source = link_local(lab.host(), "uplink0")](const Sign& sign) {
              IcmpMessage message{.type = type, .body = Bytes(16), .hops = 255};
              message.body.insert(message.body.end(), sign.text.begin(), sign.text.end());
              message.body.resize(16 + more);
              const bool is_local = to.starts_with("f");
              (void)send_forged(lab.host(), forged_icmp({is_local ? source : kHost6, to}, message),
                                is_local ? "uplink0" : "");
            }};
  }
};

TEST_F(NeighbourDiscovery, ReachesNobodyBeyondTheLink) {
  watch(lab.net(), "host0");
  Ways ways;
  for (const int type : {133, 134, 135, 136, 137})
    for (const std::size_t more : {std::size_t{40}, std::size_t{900}})
      ways.push_back(message(lab, static_cast<std::uint8_t>(type), kEvil6, more));
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(ways), IsEmpty());
}

TEST_F(NeighbourDiscovery, CarriesNoPayload) {
  watch(lab.net(), "host0");
  const std::string neighbour = link_local(lab.net(), "host0");
  Ways ways;
  for (const int type : {133, 135, 136})
    for (const std::string& to : {std::string("ff02::1"), neighbour})
      ways.push_back(message(lab, static_cast<std::uint8_t>(type), to, 900));
  ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(ways), IsEmpty());
}

TEST_F(NeighbourDiscovery, MayBeAsLongAsItIsAndNoLonger) {
  watch(lab.net(), "host0");
  const std::size_t room = limits::kNeighbourOctets - 8 - 16;
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(unseen({message(lab, 135, "ff02::1", room)}), IsEmpty());
  EXPECT_THAT(seen({message(lab, 135, "ff02::1", room + 1)}), IsEmpty()) << "one more";
}

// Anybody may join a group, and the group's address is what he makes it; a report names it.
class Groups : public Link {
 protected:
  // Joins so many groups; how many octets of reports more than is allowed come in that time.
  std::int64_t surplus() {
    Tap tap(lab.net(), "host0");
    const auto start = std::chrono::steady_clock::now();
    in_namespace(lab.host(), [this] {
      become_in_thread(kAgent);
      for (int i = 0; i < 1'000; ++i) join(next_++);
    });
    std::this_thread::sleep_for(1s);
    std::int64_t octets = 0;
    for (const SeenPacket& packet : tap.seen())
      if (packet.destination == "ff02::16")
        octets += static_cast<std::int64_t>(packet.octets.size());
    const auto passed =
        std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    return octets - static_cast<std::int64_t>(limits::kReportBurst) -
           passed.count() * static_cast<std::int64_t>(limits::kReportBytes);
  }

 private:
  static void join(std::uint32_t group) {
    ipv6_mreq request{};
    request.ipv6mr_multiaddr.s6_addr[0] = 0xff;
    request.ipv6mr_multiaddr.s6_addr[1] = 0x0e;
    std::memcpy(request.ipv6mr_multiaddr.s6_addr + 12, &group, sizeof group);
    request.ipv6mr_interface = if_nametoindex("uplink0");
    const int made = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(made, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request);
    std::this_thread::sleep_for(1ms);
    close(made);
  }
  std::uint32_t next_ = 1;
};

TEST_F(Groups, ThatAreJoinedAreReportedNoFasterThanIsAllowed) {
  ASSERT_TRUE(eventually([&] { return surplus() > 0; }, 30s)) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_LE(surplus(), 0);
}

class ForeignRouter : public Link {
 protected:
  IcmpMessage announcement() const {
    IcmpMessage message{.type = 134, .word = 0x40080708, .hops = 255};
    message.body = {0,    0,    0,    0,    0,    0,    0, 0,                          // timers
                    3,    4,    64,   0xc0, 0,    0,    7, 8, 0, 0, 7, 8, 0, 0, 0, 0,  // prefix
                    0x20, 0x01, 0x0d, 0xb8, 0x00, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    return message;
  }
  bool has_route(const std::string& text) const {
    return lab.on_host({"ip", "-6", "route", "show"}).find(text) != std::string::npos;
  }
  void announce() const {
    const std::string source = link_local(self.netns(), "eth0");
    (void)send_forged(self.netns(), forged_icmp({source, "ff02::1"}, announcement()), "eth0");
    (void)send_forged(self.netns(),
                      forged_icmp({source, link_local(lab.host(), "br-lab")}, announcement()),
                      "eth0");
  }
  const Container self{lab};
  const Container neighbour{lab, {.host = 3}};
};

TEST_F(ForeignRouter, OfAHeldLinkIsNotBelieved) {
  on_host("sysctl -qw net.ipv6.conf.br-lab.accept_ra=2 net.ipv6.conf.br-lab.autoconf=1");
  const auto believes = [this] { return has_route("proto ra") || has_route("2001:db8:66::/64"); };
  ASSERT_TRUE(eventually([&] {
    announce();
    return believes();
  })) << "positive control";
  ASSERT_TRUE(eventually([&] {  // until nothing more is on its way
    on_host(
        "ip -6 route flush proto ra; ip -6 address flush dev br-lab dynamic;"
        "ip -6 route flush 2001:db8:66::/64");
    std::this_thread::sleep_for(1s);
    return !believes();
  }));
  const Daemon daemon(lab, policy_of());
  for (int turn = 0; turn < 5; ++turn) announce();
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(believes()) << lab.on_host({"ip", "-6", "route"});
}

// RFC 4861 section 4.5: by a router that the host has, of a route that it has.
TEST_F(ForeignRouter, OfAHeldLinkRedirectsNothing) {
  const std::string router = link_local(self.netns(), "eth0"),
                    better = link_local(neighbour.netns(), "eth0"),
                    own = link_local(lab.host(), "br-lab");
  on_host(
      "sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.br-lab.forwarding=0"
      " net.ipv6.conf.br-lab.accept_redirects=1;"
      "ip -6 route add fd66:99::/48 via " +
      router + " dev br-lab");
  const auto redirect = [&](const std::string& destination) {
    IcmpMessage message{.type = 137, .body = {}, .hops = 255};
    for (const std::string& address : {better, destination}) {
      in6_addr octets{};
      inet_pton(AF_INET6, address.c_str(), &octets);
      message.body.insert(message.body.end(), octets.s6_addr, octets.s6_addr + 16);
    }
    (void)send_forged(self.netns(), forged_icmp({router, own}, message), "eth0");
  };
  const auto is_redirected = [&](const std::string& destination) {
    return lab.on_host({"ip", "-6", "route", "get", destination}).find(better) != std::string::npos;
  };
  ASSERT_TRUE(eventually([&] {
    redirect("fd66:99::1");
    return is_redirected("fd66:99::1");
  })) << "positive control";
  const Daemon daemon(lab, policy_of());
  for (int turn = 0; turn < 5; ++turn) redirect("fd66:99::2");
  std::this_thread::sleep_for(300ms);
  EXPECT_FALSE(is_redirected("fd66:99::2"));
}

}  // namespace
}  // namespace egress::test
