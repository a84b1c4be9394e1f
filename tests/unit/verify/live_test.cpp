// `verify` against the real kernel: a host with egressd's table, the internet of the lab, and holes
// made by hand. Each hole must be seen, and only it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "egress/core/limits.hpp"
#include "egressctl/verify/prove.hpp"
#include "fixtures.hpp"
#include "support/address.hpp"
#include "support/lab.hpp"
#include "support/servers.hpp"
#include "table_daemon.hpp"

namespace egress::verify {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Live : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<test::Lab>(test::Lab::Servers::all); }
  static void TearDownTestSuite() { lab_.reset(); }

  void SetUp() override { load_table(*lab_); }

  static void accept(const std::string& match) {
    lab_->nft("insert rule inet egressd judge " + match + " accept\n");
  }
  static void ip_host(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    lab_->on_host(std::move(words));
  }
  // After a test that spoilt the network.
  static void renew_lab() {
    lab_.reset();
    lab_ = std::make_unique<test::Lab>(test::Lab::Servers::all);
  }
  static Report verify(TableDaemon& daemon,
                       std::optional<std::filesystem::path> ca = lab_->dir() / "ca.pem") {
    const auto trust = tls::Trust::load(ca);
    EXPECT_TRUE(trust) << trust.error().message;
    const Tell ignore = [](std::string_view, std::size_t, std::size_t) {};
    return test::in_namespace(lab_->host(), [&] {
      LocalProber prober(*trust, {1500ms, 3s});
      return *prove(daemon, prober, {}, ignore);
    });
  }
  static Report verify() {
    TableDaemon daemon(*lab_);
    return verify(daemon);
  }

  static std::unique_ptr<test::Lab> lab_;
};
std::unique_ptr<test::Lab> Live::lab_;

std::vector<std::string> marked(const Report& report, Mark mark) {
  std::vector<std::string> probes;
  for (const Row& row : report.rows) {
    if (row.mark == mark) probes.push_back(row.probe);
  }
  return probes;
}

// Everything that is wrong with a report, for messages.
std::string problems(const Report& report) {
  std::string text = report.summary + "\n";
  for (const Row& row : report.rows) {
    if (row.mark != Mark::holds) text += row.probe + ": " + row.seen + "; " + row.evidence + "\n";
  }
  return text;
}

TEST_F(Live, TheClosedTableIsProven) {
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::proven) << problems(report);
  EXPECT_EQ(marked(report, Mark::holds).size(), report.rows.size()) << problems(report);
}

TEST_F(Live, EachHoleIsALeakAndNothingElseIs) {
  ASSERT_EQ(verify().verdict, Verdict::proven);
  const test::TcpServer wrong_port(lab_->net(), {22});
  const std::vector<std::pair<std::string, std::vector<std::string>>> holes{
      {"ip daddr 140.82.112.4 tcp dport 443",
       {"github.com by name: connect to tcp/140.82.112.4:443",
        "github.com by address: connect to tcp/140.82.112.4:443"}},
      {"ip6 daddr 2606:50c0:8000::153 tcp dport 443",
       {"github.com by name: connect to tcp/[2606:50c0:8000::153]:443",
        "github.com by address: connect to tcp/[2606:50c0:8000::153]:443"}},
      {"ip daddr 162.159.140.245 tcp dport 22",
       {"wrong port of api.openai.com: connect to tcp/162.159.140.245:22"}},
      {"ip6 daddr 2606:4700:7::f5 tcp dport 22",
       {"wrong port of api.openai.com: connect to tcp/[2606:4700:7::f5]:22"}},
      {"ip daddr 8.8.8.8 udp dport 53",
       {"foreign resolver over UDP: DNS from udp/8.8.8.8:53 for example.com A"}},
      {"ip daddr 8.8.8.8 tcp dport 53", {"foreign resolver over TCP: connect to tcp/8.8.8.8:53"}},
      {"ip daddr 169.254.169.254 tcp dport 80",
       {"cloud metadata: connect to tcp/169.254.169.254:80",
        "cloud metadata, v4-mapped: connect to tcp/[::ffff:169.254.169.254]:80"}},
      {"ip daddr 8.8.8.8 icmp type echo-request", {"echo with data: ping 8.8.8.8"}},
      {"icmpv6 type echo-request", {"echo with data: ping 2606:4700:4700::1111"}},
  };
  for (const auto& [match, leaks] : holes) {
    SetUp();
    accept(match);
    const Report report = verify();
    EXPECT_EQ(report.verdict, Verdict::leak) << match;
    EXPECT_EQ(marked(report, Mark::leak), leaks) << match << problems(report);
    EXPECT_EQ(marked(report, Mark::holds).size() + leaks.size(), report.rows.size())
        << match << problems(report);
  }
}

TEST_F(Live, AStrangersRejectIsNotProven) {
  lab_->nft(
      "table inet other { chain output { type filter hook output priority -10; "
      "ip daddr 169.254.169.254 tcp dport 80 reject with tcp reset; ip daddr 8.8.8.8 icmp type "
      "echo-request reject; }\n }\n");
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven);
  EXPECT_THAT(marked(report, Mark::not_proven),
              ElementsAre("cloud metadata: connect to tcp/169.254.169.254:80",
                          "cloud metadata, v4-mapped: connect to tcp/[::ffff:169.254.169.254]:80",
                          "echo with data: ping 8.8.8.8"))
      << problems(report);
}

TEST_F(Live, ASilentDropIsNotProven) {
  lab_->nft(
      "table inet other { chain output { type filter hook output priority -10; "
      "ip daddr 8.8.8.8 udp dport 53 drop; ip daddr 169.254.169.254 drop; }\n }\n");
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven);
  EXPECT_EQ(marked(report, Mark::not_proven).size(), 3U) << problems(report);
}

TEST_F(Live, ARefusalOnTheFarSideIsNotProven) {
  accept("ip daddr 162.159.140.245 tcp dport 22");  // nobody listens there
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven);
  EXPECT_THAT(marked(report, Mark::not_proven),
              ElementsAre("wrong port of api.openai.com: connect to tcp/162.159.140.245:22"))
      << problems(report);
}

TEST_F(Live, WithoutATableEverythingLeaks) {
  TableDaemon daemon(*lab_);
  lab_->nft("flush chain inet egressd output\nadd chain inet egressd output { policy accept; }\n");
  const Report report = verify(daemon);
  EXPECT_EQ(report.verdict, Verdict::leak);
  EXPECT_GE(marked(report, Mark::leak).size(), 16U) << problems(report);
}

using Words = std::vector<std::string>;
struct DeadNetwork : Live, ::testing::WithParamInterface<std::vector<Words>> {
  void TearDown() override { renew_lab(); }
};

TEST_P(DeadNetwork, IsNotProvenAndSoonOver) {
  const Report control = verify();
  ASSERT_EQ(control.verdict, Verdict::proven) << problems(control);
  for (const Words& words : GetParam()) ip_host(words);
  const auto start = std::chrono::steady_clock::now();
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::not_proven) << problems(report);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10 * limits::kProofTimeout)
      << "a hundred probes wait together, not one after the other";
}

INSTANTIATE_TEST_SUITE_P(Each, DeadNetwork,
                         ::testing::Values(
                             // no route at all
                             std::vector<Words>{{"link", "set", "uplink0", "down"}},
                             // errors at once
                             std::vector<Words>{{"route", "replace", "unreachable", "default"},
                                                {"-6", "route", "del", "default"},
                                                {"-6", "route", "add", "unreachable", "default"}},
                             std::vector<Words>{{"route", "replace", "prohibit", "default"},
                                                {"-6", "route", "del", "default"},
                                                {"-6", "route", "add", "prohibit", "default"}},
                             // packets lost on the link
                             std::vector<Words>{{"neigh", "replace", "10.77.0.1", "lladdr",
                                                 "02:00:00:00:00:99", "dev", "uplink0"},
                                                {"neigh", "replace", "2001:db8:77::1", "lladdr",
                                                 "02:00:00:00:00:99", "dev", "uplink0"}}));

struct WithoutIpv6 : Live {
  void TearDown() override { renew_lab(); }
};

TEST_F(WithoutIpv6, IsProvenOverIpv4AndSaysSo) {
  ip_host({"-6", "route", "del", "default"});
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::proven) << problems(report);
  EXPECT_GE(marked(report, Mark::not_applicable).size(), 8U);
  for (const Row& row : report.rows) {
    if (row.mark != Mark::not_applicable) continue;
    EXPECT_EQ(row.seen, "n/a: this host has no IPv6 route") << row.probe;
  }
}

TEST_F(Live, AnAllowedAddressThatTheTableRefusesFails) {
  lab_->nft("delete element inet egressd allow4 { 172.66.0.243 . tcp . 443 }\n");
  const Report report = verify();
  EXPECT_EQ(report.verdict, Verdict::failed) << problems(report);
  EXPECT_THAT(marked(report, Mark::fails),
              ElementsAre("api.openai.com: TLS to tcp/172.66.0.243:443"));
}

TEST_F(Live, AnUntrustedOrForeignCertificateFails) {
  TableDaemon daemon(*lab_);
  const Report untrusted =
      verify(daemon, std::nullopt);  // the system's store does not know the lab's CA
  EXPECT_THAT(marked(untrusted, Mark::fails), ::testing::SizeIs(3)) << problems(untrusted);
  daemon.policy.endpoints[0].target = "tcp/elsewhere.example:443";
  daemon.policy.endpoints[0].host = "elsewhere.example";
  EXPECT_THAT(problems(verify(daemon)), HasSubstr("certificate refused: hostname mismatch"));
}

TEST_F(Live, AuditModeTriesNothingOutsideAndIsNotEnforced) {
  TableDaemon daemon(*lab_);
  daemon.policy.mode = "audit";
  const auto before = daemon.refusals()->refused_packets;
  const Report report = verify(daemon);
  EXPECT_EQ(report.verdict, Verdict::not_enforced);
  EXPECT_THAT(report.summary, HasSubstr("audit mode refuses nothing"));
  EXPECT_EQ(daemon.refusals()->refused_packets, before);
}

}  // namespace
}  // namespace egress::verify
