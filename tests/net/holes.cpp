#include "net/holes.hpp"

namespace egress::test {
namespace {

using verify::KindId;
using At = Hole::At;

// What is not allowed, let past the judge.
Hole let_out(KindId kind, const std::string& match, std::vector<KindId> also = {}) {
  also.push_back("true.table");
  return {kind, At::host, "insert rule inet egressd judge " + match + " accept\n", also};
}

// A question let past the guard, to whom it was meant for.
Hole let_ask(KindId kind, const std::string& match) {
  Hole hole = let_out(kind, match);
  hole.how += "insert rule inet egressd dns-output " + match + " accept\n";
  return hole;
}

Hole refused_afar(KindId kind, const std::string& match) {
  return {kind, At::far_side, match + " reject", {}};
}

// Labels at the beginning of a question over UDP: behind eight octets of UDP and twelve of DNS.
constexpr const char* kGithub = "udp dport 53 @th,160,56 0x06676974687562";
constexpr const char* kGoogle = "ip daddr 8.8.8.8 udp dport 53 @th,160,56 0x06676f6f676c65";
constexpr const char* kRebind = "udp dport 53 @th,160,56 0x06726562696e64";
constexpr const char* kData = "ip daddr 8.8.8.8 udp dport 53 @th,160,8 0x3c";
// The type, behind the sixteen octets of api.openai.com.
constexpr const char* kHttpsType = "udp dport 53 @th,160,32 0x03617069 @th,288,16 0x0041";
constexpr const char* kApiA = "udp dport 53 @th,160,32 0x03617069 @th,288,16 0x0001";

const std::vector<KindId> kAllOfTheGuard{"works.guard",
                                         "works.answers",
                                         "refused.dns-name",
                                         "refused.dns-foreign-udp",
                                         "refused.dns-foreign-tcp",
                                         "refused.dns-tunnel",
                                         "refused.dns-hints",
                                         "refused.dns-inside",
                                         "true.table"};

std::vector<Hole> what_must_work() {
  return {
      {"works.control-dns", At::host,
       "insert rule inet egressd output ip daddr 127.0.0.1 th dport 553 drop\n"
       "insert rule inet egressd output ip6 daddr ::1 th dport 553 drop\n",
       kAllOfTheGuard},
      {"works.control-connect",
       At::far_side,
       "tcp dport { 443, 8443 } reject\nudp dport 123 reject",
       {"works.tls", "works.tcp", "works.ntp"}},
      {"works.guard",
       At::host,
       "insert rule inet egressd output ip daddr 127.0.0.1 tcp dport 553 reject with tcp reset\n",
       {"refused.dns-name", "refused.dns-foreign-tcp", "true.table"}},
      refused_afar("works.tls", "ip daddr { 162.159.140.245, 172.66.0.243 } tcp dport 443"),
      refused_afar("works.tcp", "tcp dport 8443"),
      refused_afar("works.ntp", "udp dport 123"),
      refused_afar("works.ping", "ip daddr 192.0.2.7 icmp type echo-request"),
      // Somebody else answers, at a port of the far side; see battery_test.cpp.
      {"works.answers", At::host,
       "insert rule inet egressd dns-output " + std::string(kApiA) +
           " dnat ip to 203.0.113.53:5353\n"
           "insert rule inet egressd judge ip daddr 203.0.113.53 udp dport 5353 accept\n"},
      {"works.address", At::policy, "empty.example:443", {}},
      {"works.loopback", At::host,
       "insert rule inet egressd output oif lo ip daddr 127.0.0.1 tcp dport != 553 ct state new "
       "drop\n"},
      {"works.inbound", At::host,
       "insert rule inet egressd output ip daddr 198.51.100.254 meta l4proto udp ct direction "
       "reply "
       "drop\n"},
      {"works.resolver",
       At::far_side,
       "udp dport 53 reject",
       {"works.control-dns", "refused.by-name"},
       "poll"},
  };
}

std::vector<Hole> what_must_be_refused() {
  std::vector<Hole> all{
      let_out("refused.by-address", "ip daddr 140.82.112.4 tcp dport 443"),
      let_out("refused.wrong-port", "ip daddr 192.0.2.7 tcp dport 80"),
      let_out("refused.neighbour", "ip daddr 192.0.2.8 tcp dport 8443"),
      let_out("refused.quic", "ip6 daddr 2606:4700:7::f5 udp dport 443"),
      let_out("refused.ssh", "ip daddr 140.82.112.4 tcp dport 22"),
      let_out("refused.connect-to", "ip daddr 93.184.215.14 tcp dport 443", {"refused.by-address"}),
      let_out("refused.proxy", "ip daddr 93.184.215.14 tcp dport 3128"),
      let_out("refused.source-port", "meta l4proto udp th sport 53 ip daddr 142.250.72.14"),
      let_out("refused.metadata", "ip daddr 168.63.129.16"),
      let_out("refused.ping", "icmpv6 type echo-request"),
      let_out("refused.icmp", "icmp type timestamp-request"),
      let_out("refused.sctp", "ip daddr 142.250.72.14 meta l4proto 132"),
      let_out("refused.gre", "meta nfproto ipv6 meta l4proto 47"),
      let_out("refused.udp-lite", "meta l4proto 136"),
      let_out("refused.raw-ip", "meta l4proto 50"),
      let_out("refused.fragment", "ip frag-off & 0x1fff != 0"),
      let_out("refused.multicast", "ip daddr 239.255.255.250"),
      let_out("refused.broadcast", "ip daddr 255.255.255.255"),
      let_out("refused.dns-over-tls", "tcp dport 853"),
      let_out("refused.dns-over-quic", "ip6 daddr 2606:4700:4700::1111 udp dport 853"),
      let_out("refused.dns-over-https", "ip daddr 104.16.248.249 tcp dport 443"),
      let_ask("refused.dns-name", kGithub),
      let_ask("refused.dns-foreign-udp", kGoogle),
      let_ask("refused.dns-foreign-tcp", "ip daddr 8.8.8.8 tcp dport 53"),
      let_ask("refused.dns-tunnel", kData),
      let_ask("refused.dns-hints", kHttpsType),
      let_ask("refused.dns-inside", kRebind),
      let_out("refused.revoked", "ct state established udp dport 9"),
      let_out("refused.by-name", "ip daddr 140.82.112.4 tcp dport 443", {"refused.by-address"}),
  };
  all.back().dns = "poll";
  return all;
}

// Whose source is not looked at: they leave from ports of their own (disguises.cpp). What gets
// through is answered by the host, to somebody who was not asked.
Hole let_speak_for_others(KindId kind, const std::string& port) {
  return {kind,
          At::host,
          "insert rule inet egressd source-output udp sport " + port + " accept\n",
          {"source.trampoline", "true.table"}};
}

std::vector<Hole> in_whose_name() {
  constexpr const char* kOurs = "insert rule inet egressd source-output udp sport { 4007, 4008 } ";
  return {
      let_speak_for_others("source.freebind", "4007"),
      let_speak_for_others("source.spoofed", "4008"),
      {"source.related", At::host,
       "insert rule inet egressd output ct state related icmp code host-unreachable accept\n"
       "insert rule inet egressd output ct state related icmpv6 code addr-unreachable accept\n"},
      // Dropped and counted, and told all the same to whom it names as its sender.
      {"source.trampoline", At::host,
       std::string(kOurs) +
           "counter name foreign reject\n"
           "insert rule inet egressd output icmp code port-unreachable accept\n"
           "insert rule inet egressd output icmpv6 code port-unreachable accept\n"},
      {"source.proxy", At::proxy, "ip daddr 192.0.2.7 tcp dport 8443 redirect to :1080", {}},
  };
}

std::vector<Hole> what_must_be_true() {
  constexpr const char* kApi = "162.159.140.245 . tcp . 443";
  const std::string element = std::string("element inet egressd allow4 { ") + kApi;
  return {
      {"true.table", At::host, "add chain inet egressd more\n", {}},
      {"true.elements",
       At::host,
       "add element inet egressd allow4 { 203.0.113.99 . tcp . 443 timeout 1h }\n",
       {}},
      {"true.expiry",
       At::host,
       "delete " + element + " }\nadd " + element + " timeout 30d }\n",
       {}},
      // Its clock since boot is an hour ahead.
      {"true.clocks",
       At::daemon,
       "printf '\\0\\0\\0\\0\\0\\0\\0\\0\\20\\16\\0\\0\\0\\0\\0\\0' >$LAB/shifts; "
       "export CLOCK_SHIFTS=$LAB/shifts LD_PRELOAD=$LD_PRELOAD:$SHIFTED_CLOCKS",
       {}},
      // The group whose members may change the policy is everybody's.
      {"true.socket",
       At::daemon,
       "echo egress:x:65534: >$LAB/group; mount --bind $LAB/group /etc/group",
       {}},
      {"true.others",
       At::host,
       "add table inet other\n"
       "add chain inet other late { type filter hook postrouting priority 0; }\n"
       "add rule inet other late ip daddr 203.0.113.250 ip daddr set 203.0.113.251\n",
       {}},
      {"true.forwarding",
       At::shell,
       "sysctl -qw net.ipv4.ip_forward=1; ip link add free0 type bridge; ip link set free0 up",
       {},
       "guard",
       "ip link del free0; sysctl -qw net.ipv4.ip_forward=0"},
  };
}

}  // namespace

const std::vector<Hole>& holes() {
  static const std::vector<Hole> all = [] {
    std::vector<Hole> holes = what_must_work();
    for (const auto& more : {what_must_be_refused(), in_whose_name(), what_must_be_true()})
      holes.insert(holes.end(), more.begin(), more.end());
    return holes;
  }();
  return all;
}

}  // namespace egress::test
