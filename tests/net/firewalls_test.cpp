// Beside the firewall that a host has already: egressd's own questions are answered, what is
// allowed works, what is not is refused at once. The other firewall is real, or loads the rules
// that it makes.
#include <gmock/gmock.h>

#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

// Other firewalls let in what is established, and drop the rest.
struct Firewall {
  const char* name;
  void (*start)(const Lab&);
};
void PrintTo(const Firewall& firewall, std::ostream* out) {
  *out << firewall.name;
}

// With files of its own, which it writes to.
void start_ufw(const Lab& lab) {
  const std::string own = (lab.dir() / "ufw").string();
  lab.on_host({"unshare", "--mount", "sh", "-ec",
               "cp -a /etc/ufw " + own + " && mount --bind " + own +
                   " /etc/ufw && mount -t tmpfs none /run && ufw --force enable"});
}

// As iptables(8) is used by hand and by hardening guides.
void start_iptables(const Lab& lab) {
  for (const char* program : {"iptables", "ip6tables"}) {
    const auto rule = [&](const std::string& words) {
      lab.on_host({"sh", "-ec", std::string(program) + " " + words});
    };
    rule("-A INPUT -i lo -j ACCEPT");
    rule("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
    if (std::string_view(program) == "ip6tables") rule("-A INPUT -p ipv6-icmp -j ACCEPT");
    rule("-P INPUT DROP");
  }
}

// The shape of firewalld's table, which also drops what is invalid.
void start_firewalld(const Lab& lab) {
  lab.nft(
      "table inet firewalld {\n"
      " chain filter_INPUT {\n"
      "  type filter hook input priority filter + 10; policy accept;\n"
      "  ct state { established, related } accept\n"
      "  ct status dnat accept\n"
      "  iifname \"lo\" accept\n"
      "  ct state invalid drop\n"
      "  meta l4proto ipv6-icmp accept\n"
      "  reject with icmpx admin-prohibited\n"
      " }\n"
      "}\n");
}

// The rules of wg-quick(8), which drop what comes to the tunnel's address from elsewhere and save
// marks; with another address than the lab's.
void start_wg_quick(const Lab& lab) {
  lab.nft(
      "table ip wg-quick-wg0 {\n"
      " chain preraw {\n"
      "  type filter hook prerouting priority raw; policy accept;\n"
      "  iifname != \"wg0\" ip daddr 10.2.0.2 fib saddr type != local drop\n"
      " }\n"
      " chain premangle {\n"
      "  type filter hook prerouting priority mangle; policy accept;\n"
      "  meta l4proto udp meta mark set ct mark\n"
      " }\n"
      " chain postmangle {\n"
      "  type filter hook postrouting priority mangle; policy accept;\n"
      "  meta l4proto udp meta mark 51820 ct mark set meta mark\n"
      " }\n"
      "}\n");
  start_iptables(lab);
}

// What many hosts have besides: all that leaves gets the address of the uplink.
void start_masquerade(const Lab& lab) {
  lab.nft(
      "table inet nat {\n"
      " chain postrouting {\n"
      "  type nat hook postrouting priority srcnat; policy accept;\n"
      "  oifname \"uplink0\" masquerade\n"
      " }\n"
      "}\n");
  start_iptables(lab);
}

class Firewalls : public GuardTest, public testing::WithParamInterface<Firewall> {
 protected:
  // Of names that nobody has asked for yet.
  void expect_names_and_traffic() {
    EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
    EXPECT_EQ(rcode_of(ask("second.example.com")), kNoError);
    EXPECT_EQ(tcp(kApi4), Seen::answered);
    EXPECT_EQ(tcp(kApi6), Seen::answered);
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    EXPECT_EQ(tcp(kOther6), Seen::refused);
    EXPECT_EQ(udp(kOther4, 443), Seen::refused);
    EXPECT_TRUE(is_blocked(ask("github.com")));
  }
};

TEST_P(Firewalls, NamesResolveAndRefusalsAreAtOnce) {
  dns.set("second.example.com", {.addresses = {kApi4}, .ttl = 1});
  GetParam().start(lab);
  ASSERT_EQ(rcode_of(ask("github.com")), kNoError) << "control: it harms no program";
  const Daemon daemon(lab, guarded_policy("api.openai.com:443, \"*.example.com:443\""));
  expect_names_and_traffic();
  EXPECT_TRUE(eventually([&] {
    return rcode_of(ask("second.example.com")) == kNoError && dns.asked("second.example.com") > 3;
  })) << "asked again when its time is over";
  expect_names_and_traffic();
  const auto status = daemon.ask<control::StatusReply>(control::StatusRequest{});
  EXPECT_THAT(status.deviations, testing::IsEmpty());
}

const Firewall kFirewalls[] = {
    {"Ufw", start_ufw},          {"Iptables", start_iptables},     {"Firewalld", start_firewalld},
    {"WgQuick", start_wg_quick}, {"Masquerade", start_masquerade},
};
INSTANTIATE_TEST_SUITE_P(Beside, Firewalls, testing::ValuesIn(kFirewalls),
                         [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace egress::test
