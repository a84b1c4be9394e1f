// Beside the firewall that a host has already: egressd's own questions are answered, what is
// allowed works, what is not is refused at once. The other firewall is real, or loads the rules
// that it makes.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "net/guard_fixture.hpp"
#include "support/container.hpp"

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
void run_with_ufw(const Lab& lab, const std::string& command) {
  const std::string own = (lab.dir() / "ufw").string();
  lab.on_host({"unshare", "--mount", "sh", "-ec",
               "[ -d " + own + " ] || cp -a /etc/ufw " + own + "; mount --bind " + own +
                   " /etc/ufw && mount -t tmpfs none /run && " + command});
}
void run_on_host(const Lab& lab, const std::string& command) {
  lab.on_host({"sh", "-ec", command});
}
void start_ufw(const Lab& lab) {
  run_with_ufw(lab, "ufw --force enable");
}

// As iptables(8) is used by hand and by hardening guides.
void start_iptables(const Lab& lab, const std::string& kind) {
  for (const char* program : {"iptables", "ip6tables"}) {
    const auto rule = [&](const std::string& words) {
      run_on_host(lab, program + kind + " " + words);
    };
    rule("-A INPUT -i lo -j ACCEPT");
    rule("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
    if (std::string_view(program) == "ip6tables") rule("-A INPUT -p ipv6-icmp -j ACCEPT");
    rule("-P INPUT DROP");
  }
}
void start_iptables(const Lab& lab) {
  start_iptables(lab, "");
}
void start_iptables_legacy(const Lab& lab) {
  start_iptables(lab, "-legacy");
}

// As nft(8) is used by hand.
void start_nft(const Lab& lab) {
  lab.nft(
      "table inet host {\n"
      " chain in {\n"
      "  type filter hook input priority filter; policy drop;\n"
      "  ct state { established, related } accept\n"
      "  iif \"lo\" accept\n"
      "  meta l4proto ipv6-icmp accept\n"
      " }\n"
      "}\n");
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

// With files, a message bus and a /run of its own.
void start_real_firewalld(const Lab& lab) {
  const std::string own = (lab.dir() / "firewalld").string();
  lab.on_host({"unshare", "--mount", "sh", "-ec",
               "cp -a /etc/firewalld " + own + " && mount --bind " + own +
                   " /etc/firewalld && exec >" + own +
                   ".log 2>&1 && mount -t tmpfs none /run && mkdir /run/dbus && "
                   "dbus-daemon --system --fork --nopidfile && { firewalld --nofork --nopid & } && "
                   "for turn in $(seq 100); do firewall-cmd --state && exit; sleep 0.2; done; "
                   "exit 1"});
}

// The rules of wg-quick(8), which drop what comes to the tunnel's address from elsewhere and save
// marks; the way out stands for the tunnel.
void start_wg_quick(const Lab& lab) {
  for (const char* family : {"ip", "ip6"}) {
    const std::string own = family == std::string_view("ip") ? "10.77.0.2" : "2001:db8:77::2";
    lab.nft("table " + std::string(family) +
            " spoofed {\n chain preraw {\n"
            "  type filter hook prerouting priority raw; policy accept;\n"
            "  iifname != \"uplink0\" " +
            family + " daddr " + own + " fib saddr type != local drop\n }\n}\n");
  }
  lab.nft(
      "table ip wg-quick-wg0 {\n"
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

// The same where there is no nft.
void start_wg_quick_of_iptables(const Lab& lab) {
  for (const auto& [program, own] :
       {std::pair("iptables", "10.77.0.2"), {"ip6tables", "2001:db8:77::2"}})
    lab.on_host({program, "-t", "raw", "-I", "PREROUTING", "!", "-i", "uplink0", "-d", own, "-m",
                 "addrtype", "!", "--src-type", "LOCAL", "-j", "DROP"});
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

// Both families; `rules` are for xtables-restore.
void load_tables(const Lab& lab, const std::string& rules, const std::string& rules_of_ipv6) {
  const auto load = [&](const char* program, const std::string& text) {
    const std::filesystem::path file = lab.dir() / program;
    std::ofstream(file) << text;
    lab.on_host({program, "--noflush", file.string()});
  };
  load("iptables-restore", rules);
  load("ip6tables-restore", rules_of_ipv6);
}
void load_tables(const Lab& lab, const std::string& rules) {
  load_tables(lab, rules, rules);
}

// The shape of a cloud's image (Oracle): little comes in, and what serves the instance is for root.
void start_cloud_image(const Lab& lab) {
  load_tables(lab,
              "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:InstanceServices -\n"
              "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n"
              "-A INPUT -p icmp -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n"
              "-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT\n"
              "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n"
              "-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n"
              "-A OUTPUT -d 169.254.0.0/16 -j InstanceServices\n"
              "-A InstanceServices -d 169.254.169.254/32 -p udp --dport 53 -j ACCEPT\n"
              "-A InstanceServices -m owner --uid-owner 0 -j ACCEPT\n"
              "-A InstanceServices -j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n",
              "*filter\nCOMMIT\n");
}

// A VPN that cuts off what is not its own: all chains drop, questions go to its resolver alone, and
// marks tell its traffic. The way out stands for the tunnel.
void start_vpn_lockdown(const Lab& lab) {
  lab.nft(
      "table inet vpn {\n"
      " chain prerouting {\n  type filter hook prerouting priority -199; policy accept;\n"
      "  iif != \"uplink0\" ct mark 0x00000f41 meta mark set 0x6d6f6c65\n }\n"
      " chain mangle {\n  type route hook output priority mangle; policy accept;\n"
      "  oif \"uplink0\" udp dport 51820 ct mark set 0x00000f41 meta mark set 0x6d6f6c65\n }\n"
      " chain input {\n  type filter hook input priority filter; policy drop;\n"
      "  iif \"lo\" accept\n  ct state { established, related } accept\n"
      "  icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept\n"
      "  iif \"uplink0\" accept\n }\n"
      " chain output {\n  type filter hook output priority filter; policy drop;\n"
      "  oif \"lo\" accept\n  ct mark 0x00000f41 accept\n"
      "  icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
      "  ip daddr 10.77.0.1 meta l4proto { tcp, udp } th dport 53 accept\n"
      "  ip6 daddr 2001:db8:77::1 meta l4proto { tcp, udp } th dport 53 accept\n"
      "  udp dport 53 reject\n  tcp dport 53 reject with tcp reset\n"
      "  oif \"uplink0\" accept\n  reject\n }\n"
      " chain forward {\n  type filter hook forward priority filter; policy drop;\n }\n"
      "}\n");
}

// What kube-proxy adds to a node: marks 0x4000 and 0x8000, and nothing for loopback that is not the
// answer to something or translated.
void start_kube_proxy(const Lab& lab) {
  const auto rules = [](const std::string& loopback) {
    return "*nat\n:KUBE-SERVICES -\n:KUBE-POSTROUTING -\n:KUBE-MARK-MASQ -\n"
           "-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n"
           "-A POSTROUTING -j KUBE-POSTROUTING\n"
           "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n"
           "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
           "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
           "-A KUBE-POSTROUTING -j MASQUERADE --random-fully\nCOMMIT\n"
           "*filter\n:KUBE-FIREWALL -\n:KUBE-FORWARD -\n"
           "-A INPUT -j KUBE-FIREWALL\n-A OUTPUT -j KUBE-FIREWALL\n-A FORWARD -j KUBE-FORWARD\n"
           "-A KUBE-FIREWALL ! -s " +
           loopback + " -d " + loopback +
           " -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n"
           "-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP\n"
           "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"
           "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\nCOMMIT\n";
  };
  load_tables(lab, rules("127.0.0.0/8"), rules("::1/128"));
}

// Those of Cilium, which marks all that the host sends, and does not track some marks.
void start_cilium(const Lab& lab) {
  load_tables(
      lab,
      "*raw\n:CILIUM_OUTPUT_raw -\n-A OUTPUT -j CILIUM_OUTPUT_raw\n"
      "-A CILIUM_OUTPUT_raw -m mark --mark 0xa00/0xfffffeff -j CT --notrack\n"
      "-A CILIUM_OUTPUT_raw -m mark --mark 0x800/0xe00 -j CT --notrack\nCOMMIT\n"
      "*mangle\n:CILIUM_PRE_mangle -\n-A PREROUTING -j CILIUM_PRE_mangle\n"
      "-A CILIUM_PRE_mangle -m mark --mark 0x200/0xf00 -j MARK --set-xmark 0x200/0xffffffff\n"
      "COMMIT\n"
      "*filter\n:CILIUM_OUTPUT -\n:CILIUM_INPUT -\n-A OUTPUT -j CILIUM_OUTPUT\n"
      "-A INPUT -j CILIUM_INPUT\n"
      "-A CILIUM_OUTPUT -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0xd00/0xf00 -m mark ! "
      "--mark 0xa00/0xe00 -m mark ! --mark 0x800/0xe00 -j MARK --set-xmark 0xc00/0xf00\n"
      "-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -j ACCEPT\nCOMMIT\n");
}

// Those of Calico: marks in 0xff0000, a strict look at the way back, nothing invalid.
void start_calico(const Lab& lab) {
  load_tables(
      lab,
      "*raw\n:cali-PREROUTING -\n:cali-OUTPUT -\n-A PREROUTING -j cali-PREROUTING\n"
      "-A OUTPUT -j cali-OUTPUT\n-A cali-PREROUTING -j MARK --set-xmark 0x0/0xff0000\n"
      "-A cali-PREROUTING -i cali+ -m rpfilter --validmark --invert -j DROP\n"
      "-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000\nCOMMIT\n"
      "*filter\n:cali-INPUT -\n:cali-OUTPUT -\n-A INPUT -j cali-INPUT\n"
      "-A OUTPUT -j cali-OUTPUT\n-A cali-INPUT -i cali+ -m conntrack --ctstate INVALID -j DROP\n"
      "-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT\n"
      "-A cali-OUTPUT -m mark --mark 0x10000/0x10000 -j ACCEPT\n"
      "-A cali-OUTPUT -m conntrack ! --ctstate DNAT -j MARK --set-xmark 0x0/0xf0000\nCOMMIT\n");
}

// netavark's, for podman's networks, whose mark is 0x2000.
void start_netavark(const Lab& lab) {
  lab.nft(
      "table inet netavark {\n"
      " chain INPUT {\n  type filter hook input priority filter; policy accept;\n"
      "  ip saddr 10.89.0.0/24 meta l4proto { tcp, udp } th dport 53 accept\n }\n"
      " chain FORWARD {\n  type filter hook forward priority filter; policy accept;\n"
      "  ct state invalid drop\n }\n"
      " chain POSTROUTING {\n  type nat hook postrouting priority srcnat; policy accept;\n"
      "  meta mark & 0x00002000 == 0x00002000 masquerade\n"
      "  ip saddr 10.89.0.0/24 ip daddr != 224.0.0.0/4 masquerade\n }\n"
      " chain OUTPUT {\n  type nat hook output priority -100; policy accept;\n"
      "  fib daddr type local ip daddr != 127.0.0.0/8 tcp dport 8080 dnat ip to 10.89.0.2:80\n }\n"
      "}\n");
}

// A hardened host that looks at the way back of each packet by its mark, before all else.
void start_strict_way_back(const Lab& lab) {
  lab.nft(
      "table inet strict {\n chain rpfilter {\n"
      "  type filter hook prerouting priority mangle + 10; policy drop;\n"
      "  udp sport 67 udp dport 68 accept\n"
      "  fib saddr . mark . iif oif exists accept\n }\n}\n");
  start_nft(lab);
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
    {"Ufw", start_ufw},
    {"Iptables", start_iptables},
    {"Firewalld", start_firewalld},
    {"WgQuick", start_wg_quick},
    {"WgQuickOfIptables", start_wg_quick_of_iptables},
    {"Masquerade", start_masquerade},
    {"CloudImage", start_cloud_image},
    {"VpnLockdown", start_vpn_lockdown},
    {"KubeProxy", start_kube_proxy},
    {"Cilium", start_cilium},
    {"Calico", start_calico},
    {"Netavark", start_netavark},
    {"StrictWayBack", start_strict_way_back},
    {"FirewalldItself", start_real_firewalld},
};
INSTANTIATE_TEST_SUITE_P(Beside, Firewalls, testing::ValuesIn(kFirewalls),
                         [](const auto& of) { return std::string(of.param.name); });

// A firewall that drops what containers ask, and how the command that is named for it is run.
struct Wall {
  Firewall firewall;
  const char* by;
  const char* command;  // its beginning
  void (*run)(const Lab&, const std::string& command);
};
void PrintTo(const Wall& wall, std::ostream* out) {
  *out << wall.firewall.name;
}
void run_nothing(const Lab&, const std::string&) {}

class Walls : public GuardTest, public testing::WithParamInterface<Wall> {
 protected:
  bool resolves() {
    return rcode_of(test::ask(container.netns(), DnsServerAddress{kResolver},
                              {.name = "api.openai.com", .type = kTypeA})) == kNoError;
  }
  static std::vector<control::UnheardReport> unheard(const Daemon& daemon) {
    return daemon.ask<control::StatusReply>(control::StatusRequest{}).unheard;
  }

  const Container container{lab};
};

TEST_P(Walls, AreNamedWithTheCommandThatLetsContainersAsk) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", "forward: [\"br-*\"]"));
  ASSERT_TRUE(eventually([&] { return resolves(); })) << "control: nothing drops it";
  ASSERT_THAT(unheard(daemon), testing::IsEmpty());
  GetParam().firewall.start(lab);
  EXPECT_THAT(unheard(daemon), testing::IsEmpty()) << "nothing was asked since";
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  ASSERT_FALSE(resolves()) << "control: it drops it";
  const auto found = unheard(daemon);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().link, "br-lab");
  EXPECT_THAT(found.front().by, testing::StartsWith(GetParam().by));
  EXPECT_THAT(found.front().command, testing::StartsWith(GetParam().command));
  const auto commands = std::vector<std::vector<std::string>>{
      {"status"}, {"doctor"}, {"verify", "--only", "true.others"}};
  for (const auto& command : commands)
    EXPECT_THAT(daemon.egressctl(command).output, testing::HasSubstr(found.front().command));
  for (const auto& report : found) GetParam().run(lab, report.command);
  EXPECT_TRUE(resolves());
  EXPECT_THAT(unheard(daemon), testing::IsEmpty());
}

const Wall kWalls[] = {
    {{"Ufw", start_ufw}, "ufw", "ufw allow in on br-lab to any port 553", run_with_ufw},
    {{"Iptables", start_iptables},
     "table ip filter",
     "iptables -I INPUT -i br-lab -p udp",
     run_on_host},
    {{"IptablesLegacy", start_iptables_legacy},
     "no table of nftables",
     "iptables-legacy -I INPUT -i br-lab -p udp",
     run_on_host},
    {{"Nft", start_nft}, "table inet host", "nft 'insert rule inet host in ", run_on_host},
};
INSTANTIATE_TEST_SUITE_P(Beside, Walls, testing::ValuesIn(kWalls),
                         [](const auto& of) { return std::string(of.param.firewall.name); });

class NoWall : public Walls {};

// Whatever is asked meanwhile: what is allowed, what is not, over TCP, to whom nobody answers.
TEST_P(NoWall, IsNeverTakenForOne) {
  GetParam().firewall.start(lab);
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", "forward: [\"br-*\"]"));
  ASSERT_TRUE(eventually([&] { return resolves(); })) << "control";
  for (int round = 0; round < 8; ++round) {
    (void)resolves();
    (void)test::ask(container.netns(), DnsServerAddress{kPublic4}, {.name = "github.com"});
    (void)test::ask(container.netns(), DnsServerAddress{kPublic6}, {.name = "github.com"});
    (void)tcp_probe(container.netns(), kPublic4, 53);
    (void)udp_probe(container.netns(), container.gateway(AF_INET), 53);
    ASSERT_THAT(unheard(daemon), testing::IsEmpty());
  }
}

const Wall kNoWalls[] = {
    {{"None", [](const Lab&) {}}, "", "", run_nothing},
    // It lets in what was redirected.
    {{"Firewalld", start_real_firewalld}, "", "", run_nothing},
    // Let in already: a rule of the administrator's for the bridge.
    {{"Nft",
      [](const Lab& lab) {
        start_nft(lab);
        lab.nft("insert rule inet host in iifname \"br-*\" accept\n");
      }},
     "",
     "",
     run_nothing},
};
INSTANTIATE_TEST_SUITE_P(Beside, NoWall, testing::ValuesIn(kNoWalls),
                         [](const auto& of) { return std::string(of.param.firewall.name); });

// Everything goes by a tunnel, names too, as a VPN's configuration has it.
class WgQuick : public GuardTest {
 protected:
  WgQuick() {
    const std::string own = key("own"), peer = key("peer");
    up(lab.net(), "wgp",
       "PrivateKey = " + secret("peer") +
           "\nAddress = 10.64.0.1/24, fd64::1/64\nListenPort = 51820\n[Peer]\nPublicKey = " + own +
           "\nAllowedIPs = 10.64.0.2/32, fd64::2/128\n");
    up(lab.host(), "wg0",
       "PrivateKey = " + secret("own") +
           "\nAddress = 10.64.0.2/32, fd64::2/128\n[Peer]\nPublicKey = " + peer +
           "\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 10.77.0.1:51820\n");
  }

  std::vector<std::string> addresses(const DnsServerAddress& server) {
    const auto reply = ask(server, "api.openai.com");
    return reply ? reply->texts(kTypeA) : std::vector<std::string>{"silence"};
  }

 private:
  std::string secret(const std::string& whose) const {
    return shell("test -e " + whose + " || wg genkey >" + whose + "; cat " + whose);
  }
  std::string key(const std::string& whose) const {
    secret(whose);
    return shell("wg pubkey <" + whose);
  }
  std::string shell(const std::string& script) const {
    std::string output =
        run({.words = {"sh", "-ec", "umask 077; cd " + lab.dir().string() + "; " + script}}).output;
    if (output.ends_with('\n')) output.pop_back();
    return output;
  }
  // This kernel may have no such device; wireguard-go(8) is one. Its control socket has a place for
  // all namespaces.
  void up(const std::string& netns, const std::string& link, const std::string& interface) const {
    const std::string file = (lab.dir() / (link + ".conf")).string();
    std::ofstream(file) << "[Interface]\n" << interface;
    const Finished done =
        run({.words = {"unshare", "--mount", "sh", "-ec",
                       "chmod 600 " + file +
                           "; mkdir -p /run/wireguard; mount -t tmpfs none /run/wireguard;"
                           "WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick up " +
                           file + " >" + file + ".log 2>&1"},
             .netns = netns});
    if (done.exit_code != 0) throw std::runtime_error(shell("cat " + file + ".log"));
  }
};

TEST_F(WgQuick, NamesResolveByTheTunnelAndRefusalsAreAtOnce) {
  constexpr const char* kServers[] = {"10.64.0.1", "fd64::1"};
  ASSERT_EQ(tcp(kOther4), Seen::answered) << "positive control";
  ASSERT_EQ(tcp(kOther6), Seen::answered) << "positive control";
  ASSERT_THAT(addresses({"10.64.0.1"}), testing::Contains(kApi4)) << "positive control";
  const Daemon daemon(lab, guarded_policy("udp/10.77.0.1:51820, api.openai.com:443"));
  for (const char* server : kServers) {
    for (const Over over : {Over::udp, Over::tcp}) {
      EXPECT_THAT(addresses({server, over}), testing::Contains(kApi4)) << server;
      EXPECT_TRUE(is_blocked(ask({server, over}, "github.com"))) << server;
    }
  }
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kApi6), Seen::answered);
  for (const char* refused : {kOther4, kOther6}) {
    EXPECT_EQ(tcp(refused), Seen::refused);
    EXPECT_EQ(udp(refused, 443), Seen::refused);
  }
}

}  // namespace
}  // namespace egress::test
