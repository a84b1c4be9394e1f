// Several uplinks, several addresses and routes by rule: whichever way a packet takes, an address
// of the host's own is enough.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "net/sources.hpp"
#include "support/container.hpp"

namespace egress::test {
namespace {

// The host has a second uplink, and the internet is behind both.
class TwoUplinks : public SourcesTest {
 protected:
  TwoUplinks() {
    shell(lab.host(),
          "ip link add uplink1 type veth peer name host1 netns " + lab.net() +
              "; ip address add 10.78.0.2/24 dev uplink1;"
              "ip address add 2001:db8:78::2/64 dev uplink1 nodad; ip link set uplink1 up");
    shell(lab.net(),
          "ip address add 10.78.0.1/24 dev host1; ip address add 2001:db8:78::1/64 dev host1 nodad;"
          "ip link set host1 up");
  }
  void on_host(const std::string& script) const { shell(lab.host(), script); }
  void default_by_second() const {
    on_host(
        "ip route replace default via 10.78.0.1; ip -6 route replace default via 2001:db8:78::1");
  }
  // One datagram from an address, and one back.
  static Seen exchange(const std::string& netns, const std::string& source,
                       const std::string& address, std::uint16_t port) {
    BorrowedSocket socket(netns, {.source = source, .port = 6001, .type = SOCK_DGRAM});
    if (socket.send(address, port, "ask") != 0) return Seen::refused;
    const bool is_answered = eventually([&] { return socket.receive() == "ask"; }, kPatience);
    return is_answered ? Seen::answered : Seen::silence;
  }

  const Container container{lab};
};

TEST_F(TwoUplinks, ThatAreBothUsedAreBothHeldToThePolicy) {
  on_host(
      "ip route add 162.159.0.0/16 via 10.78.0.1; ip route add 2606:4700::/32 via 2001:db8:78::1");
  const Daemon daemon(lab, policy_of());
  Tap second(lab.net(), "host1");
  expect_allowed_works();
  EXPECT_GT(second.count(kApi4), 0U);
  EXPECT_GT(second.count(kApi6), 0U);
}

// Under the address of one link it leaves by the other.
TEST_F(TwoUplinks, CarryEachOthersAddresses) {
  default_by_second();
  const Daemon daemon(lab, policy_of());
  for (const auto& [source, address] : {std::pair(kHost4, kApi4),
                                        {"10.78.0.2", kApi4},
                                        {kHost6, kApi6},
                                        {"2001:db8:78::2", kApi6}}) {
    EXPECT_EQ(exchange(lab.host(), source, address, kAllowed), Seen::answered) << source;
    EXPECT_EQ(exchange(lab.host(), source, address, 444), Seen::refused) << source;
  }
  for (const char* allowed : {kApi4, kApi6})
    EXPECT_EQ(tcp_probe(container.netns(), allowed, kAllowed), Seen::answered);
}

// Somebody asks by one link, and the default route is the other.
TEST_F(TwoUplinks, MayEachAnswerWhatCameByTheOther) {
  default_by_second();
  const Daemon daemon(lab, policy_of());
  Tap second(lab.net(), "host1");
  for (const auto& [asker, host] :
       {std::pair("203.0.113.5", kHost4), {"2001:db8:113::5", kHost6}}) {
    EXPECT_EQ(exchange(lab.net(), asker, host, kApp), Seen::answered) << asker;
    EXPECT_GT(second.count(asker), 0U) << asker;
    const std::string inside = container.address(asker[3] == '.' ? AF_INET : AF_INET6);
    UdpServer answers(container.netns(), kApp, echo());
    EXPECT_EQ(exchange(lab.net(), asker, inside, kApp), Seen::answered) << asker;
  }
}

TEST_F(TwoUplinks, MayBeChosenByTheSourceOrByAMark) {
  on_host(
      "ip rule add from 10.78.0.2 lookup 100; ip route add default via 10.78.0.1 table 100;"
      "ip -6 rule add from 2001:db8:78::2 lookup 100;"
      "ip -6 route add default via 2001:db8:78::1 table 100;"
      "ip rule add fwmark 7 lookup 100; ip -6 rule add fwmark 7 lookup 100");
  lab.nft(
      "table inet marks {\n chain out {\n  type route hook output priority mangle\n"
      "  udp dport 443 meta mark set 7\n }\n"
      " chain pre {\n  type filter hook prerouting priority mangle\n"
      "  iifname \"br-lab\" udp dport 443 meta mark set 7\n }\n}\n");
  const Daemon daemon(lab, policy_of());
  Tap second(lab.net(), "host1");
  expect_allowed_works();
  for (const auto& [source, address] : {std::pair("10.78.0.2", kApi4), {"2001:db8:78::2", kApi6}})
    EXPECT_EQ(exchange(lab.host(), source, address, kAllowed), Seen::answered) << source;
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_GT(second.count(address), 0U) << address;
    EXPECT_EQ(udp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
  }
}

// As wg-quick does it: a default route in a table of its own, before the main one, whose default is
// left out.
TEST_F(TwoUplinks, MayBeATunnelsBeforeTheMainTable) {
  on_host(
      "for v in -4 -6; do ip $v rule add priority 100 lookup main suppress_prefixlength 0;"
      " ip $v rule add priority 101 not fwmark 51820 lookup 51820; done;"
      "ip route add default via 10.78.0.1 table 51820;"
      "ip -6 route add default via 2001:db8:78::1 table 51820");
  const Daemon daemon(lab, policy_of());
  expect_allowed_works();
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_EQ(udp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
    EXPECT_EQ(tcp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
  }
}

// The container's network is in a table of its own, as in a VRF, and rules lead there.
TEST_F(TwoUplinks, MayBelongToTablesThatTheLinksChoose) {
  on_host(
      "ip rule add iif br-lab lookup 200; ip rule add to 172.20.0.0/16 lookup 200;"
      "ip -6 rule add iif br-lab lookup 200; ip -6 rule add to fd20::/64 lookup 200;"
      "ip route add default via 10.78.0.1 table 200;"
      "ip -6 route add default via 2001:db8:78::1 table 200;"
      "ip route add 172.20.0.0/16 dev br-lab table 200; ip -6 route add fd20::/64 dev br-lab table "
      "200;"
      "ip route del 172.20.0.0/16 dev br-lab; ip -6 route del fd20::/64 dev br-lab");
  const Daemon daemon(lab, policy_of());
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_EQ(tcp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
    EXPECT_EQ(udp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
  }
}

// The same with rules that only know by which link a packet comes.
TEST_F(TwoUplinks, MayBelongToTablesThatTheLinksAloneChoose) {
  on_host(
      "for v in -4 -6; do ip $v rule add iif br-lab lookup 200; ip $v rule add iif uplink1 lookup "
      "200;"
      " ip $v rule add iif uplink0 lookup 200; done;"
      "ip route add default via 10.78.0.1 table 200;"
      "ip -6 route add default via 2001:db8:78::1 table 200;"
      "ip route add 172.20.0.0/16 dev br-lab table 200; ip -6 route add fd20::/64 dev br-lab table "
      "200;"
      "ip route del 172.20.0.0/16 dev br-lab; ip -6 route del fd20::/64 dev br-lab");
  for (const char* address : {kApi4, kApi6})
    ASSERT_EQ(udp_probe(container.netns(), address, kAllowed), Seen::answered)
        << "positive control";
  const Daemon daemon(lab, policy_of());
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_EQ(tcp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
    EXPECT_EQ(udp_probe(container.netns(), address, kAllowed), Seen::answered) << address;
  }
}

TEST_F(TwoUplinks, AnyAddressOfTheHostMayBeTheSource) {
  on_host(
      "ip address add 10.77.0.22/24 dev uplink0; ip address add 2001:db8:77::22/64 dev uplink0 "
      "nodad;"
      "ip address add 198.51.100.7/32 dev lo; ip address add 2001:db8:5::7/128 dev lo nodad;"
      "ip address add 2001:db8:77::33/64 dev uplink0 nodad preferred_lft 0;"
      "ip route add local 2001:db8:6::/48 dev lo;"
      "ip route replace default via 10.77.0.1 src 198.51.100.7");
  shell(lab.net(),
        "ip route add 198.51.100.7 via 10.77.0.2; ip route add 2001:db8:5::7 via 2001:db8:77::2;"
        "ip route add 2001:db8:6::/48 via 2001:db8:77::2");
  const Daemon daemon(lab, policy_of());
  expect_allowed_works();
  for (const char* source : {kHost4, "10.77.0.22", "198.51.100.7", "172.20.0.1"})
    EXPECT_EQ(exchange(lab.host(), source, kApi4, kAllowed), Seen::answered) << source;
  for (const char* source :
       {kHost6, "2001:db8:77::22", "2001:db8:77::33", "2001:db8:5::7", "2001:db8:6::99", "fd20::1"})
    EXPECT_EQ(exchange(lab.host(), source, kApi6, kAllowed), Seen::answered) << source;
}

// All of a prefix (AnyIP): more sources than are remembered.
TEST_F(TwoUplinks, MoreAddressesThanAreKnownSpeakAllTheSame) {
  on_host("ip route add local 2001:db8:6::/48 dev lo; ip route add local 10.6.0.0/16 dev lo");
  const Daemon daemon(lab, policy_of());
  expect_allowed_works();
  const std::size_t count = limits::kSourcesKnown + 200;
  const auto flood = [&](const std::string& prefix, const char* address, const char* evil) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string source = prefix + std::to_string(i / 250) +
                                 (prefix.back() == '.' ? "." : ":") + std::to_string(i % 250 + 1);
      BorrowedSocket socket(lab.host(), {.source = source, .port = 6003, .type = SOCK_DGRAM});
      ASSERT_EQ(socket.send(address, kAllowed, "one of many"), 0) << source;
      if (i % 50 != 0) continue;
      EXPECT_NE(socket.send(evil, kAllowed, "elsewhere"), 0) << source;
    }
  };
  flood("10.6.", kApi4, kEvil4);
  flood("2001:db8:6::", kApi6, kEvil6);
}

// What was bound while the address was there speaks no longer once it is gone and forgotten.
TEST_F(TwoUplinks, AnAddressThatIsGoneIsForeign) {
  on_host("ip address add 2001:db8:77::44/64 dev uplink0 nodad");
  const Daemon daemon(lab, policy_of());
  BorrowedSocket socket(lab.host(),
                        {.source = "2001:db8:77::44", .port = 6002, .type = SOCK_DGRAM});
  Tap after(lab.net(), "host0");
  ASSERT_EQ(socket.send(kApi6, kAllowed, "while it is there"), 0);
  ASSERT_TRUE(eventually([&] { return after.carried("while it is there"); })) << "positive control";
  on_host("ip address del 2001:db8:77::44/64 dev uplink0");
  std::this_thread::sleep_for(limits::kSourceMemory + 50ms);
  (void)socket.send(kApi6, kAllowed, "once it is gone");
  std::this_thread::sleep_for(300ms);
  EXPECT_FALSE(after.carried("once it is gone"));
}

}  // namespace
}  // namespace egress::test
