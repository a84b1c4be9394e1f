// systemd-resolved beside the installed product: its stub, its interfaces for programs, and what it
// asks its own servers.
#include "boot/machine.hpp"
#include "net/net_test.hpp"
#include "support/dns_client.hpp"

namespace egress::test {
namespace {

// What resolved asks its servers for, the hosts of the link by LLMNR, and those by multicast DNS.
struct Forbidden {
  const char* name;
  const char* label;  // as packets carry it
};
constexpr Forbidden kForbidden[] = {
    {"secret.github.com", "secret"}, {"whisper", "whisper"}, {"murmur.local", "murmur"}};

// Settings of resolved that change how it asks.
struct Setting {
  const char* name;
  const char* line;
};

// egressd starts before resolved, as in every boot, and without `resolvers` in its policy.
class Resolved : public NetTest, public testing::WithParamInterface<Setting> {
 protected:
  Resolved() {
    dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
    dns.set("secret.github.com", {.addresses = {kOther4, kOther6}});
    if (!machine.becomes_active()) throw std::runtime_error(machine.journal());
  }

  // As Debian's package has it, with a server of the lab.
  void start_resolved() const {
    machine.configure(
        "mkdir -p /etc/systemd/resolved.conf.d;"
        "printf '[Resolve]\nDNS=10.77.0.1\nMulticastDNS=yes\nLLMNR=yes\n%s\n' '" +
        std::string(GetParam().line) +
        "' >/etc/systemd/resolved.conf.d/lab.conf;"
        "ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf;"
        "systemctl enable --now systemd-resolved.service;"
        "resolvectl llmnr uplink0 yes; resolvectl mdns uplink0 yes");
  }
  // resolv.conf names the stub, behind which egressd finds these.
  bool takes_its_servers() const {
    return eventually([&] {
      const std::string status = machine.execute({"egressctl", "status"}).output;
      return status.find("10.77.0.1 (from /run/systemd/resolve/resolv.conf)") != std::string::npos;
    });
  }
  // Over D-Bus; getent uses the socket that resolved has for the C library.
  Finished query(const std::string& name) const {
    return machine.execute({"resolvectl", "query", "--cache=no", name});
  }
  Finished getent(const std::string& name) const {
    return machine.execute({"getent", "ahosts", name});
  }

  const Machine machine{{.in = lab.host()}};
};

TEST_P(Resolved, FindsAnAllowedNameAndNoOther) {
  start_resolved();
  ASSERT_TRUE(takes_its_servers()) << machine.journal();
  machine.configure("egressctl allow api.openai.com:443");
  Tap after(lab.net(), "host0");
  for (const Finished& found : {query("api.openai.com"), getent("api.openai.com")}) {
    for (const char* address : {kApi4, kApi6})
      EXPECT_NE(found.output.find(address), std::string::npos) << found.output;
  }
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kApi6), Seen::answered);

  for (const Forbidden& forbidden : kForbidden) {
    EXPECT_NE(query(forbidden.name).exit_code, 0) << forbidden.name;
    EXPECT_FALSE(after.carried(forbidden.label)) << forbidden.name;
  }
  EXPECT_EQ(getent("secret.github.com").output, "");
  EXPECT_NE(machine.execute({"egressctl", "dns"}).output.find("secret.github.com"),
            std::string::npos)
      << "resolved asked the guard";
  EXPECT_TRUE(machine.is_refused_by_the_guard()) << "what is meant for the stub";
  for (const std::string& asked : after.names_asked()) EXPECT_EQ(asked, "api.openai.com");

  machine.configure("systemctl stop egressd.service; nft delete table inet egressd");
  for (const Forbidden& forbidden : kForbidden) {
    EXPECT_TRUE(eventually([&] {
      machine.execute({"timeout", "1", "resolvectl", "query", forbidden.name});
      return after.carried(forbidden.label);
    })) << "positive control "
        << forbidden.name;
  }
}

TEST_P(Resolved, IsFoundByAnEgressdThatStartsLater) {
  start_resolved();
  machine.configure("egressctl allow api.openai.com:443; systemctl restart egressd.service");
  ASSERT_TRUE(takes_its_servers()) << machine.journal();
  EXPECT_NE(query("api.openai.com").output.find(kApi4), std::string::npos) << machine.journal();
}

// A VPN's link, as its client sets it up.
TEST_P(Resolved, ItsRoutingDomainsAreTakenOver) {
  constexpr const char* kVpn = "10.77.0.54";
  dns.set("git.vpn.corp", {.addresses = {kApi4}});
  run({.words = {"ip", "-n", lab.net(), "address", "add", "10.77.0.54/32", "dev", "lo"}});
  start_resolved();
  ASSERT_TRUE(takes_its_servers()) << machine.journal();
  const auto has_zone = [&] {
    const std::string status = machine.execute({"egressctl", "status"}).output;
    return status.find(std::string("vpn.corp: ") + kVpn) != std::string::npos;
  };
  EXPECT_FALSE(has_zone());
  machine.configure(
      "ip link add vpn0 type veth peer name vpn1; ip address add 10.79.0.1/24 dev vpn0;"
      "ip link set vpn1 up; ip link set vpn0 up;"
      "resolvectl dns vpn0 10.77.0.54; resolvectl domain vpn0 '~vpn.corp'");
  ASSERT_TRUE(eventually(has_zone)) << machine.journal();
  Tap after(lab.net(), "host0");
  machine.configure("egressctl allow git.vpn.corp:443 api.openai.com:443");
  for (const char* name : {"git.vpn.corp", "api.openai.com"}) {
    const std::string found = query(name).output;
    EXPECT_NE(found.find(kApi4), std::string::npos) << found << machine.journal();
  }
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  int of_zone = 0;
  for (const SeenPacket& packet : after.seen()) {
    if (packet.port != 53) continue;
    of_zone += packet.carries("git") ? 1 : 0;
    EXPECT_EQ(packet.destination == kVpn, packet.carries("git")) << packet.destination;
  }
  EXPECT_GT(of_zone, 0);
  machine.configure("systemctl restart egressd.service");
  EXPECT_TRUE(eventually(has_zone)) << machine.journal();
  machine.configure("resolvectl revert vpn0");
  EXPECT_TRUE(eventually([&] { return !has_zone(); })) << machine.journal();
}

INSTANTIATE_TEST_SUITE_P(With, Resolved,
                         testing::Values(Setting{"Defaults", ""},
                                         Setting{"DnsOverTls", "DNSOverTLS=opportunistic"}),
                         [](const auto& setting) { return std::string(setting.param.name); });

}  // namespace
}  // namespace egress::test
