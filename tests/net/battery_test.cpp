// The battery of `egressctl verify`, itself tested: for each kind of probe its hole is opened by
// hand on a host under control, and that kind must fail, with those alone that are said to fail
// with it. The daemon does not hear of the hole, or it would close it at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "net/holes.hpp"
#include "support/container.hpp"
#include "support/lab.hpp"
#include "support/servers.hpp"

namespace egress::test {
namespace {

using Ids = std::set<std::string>;

constexpr int kShards = 8;
constexpr const char* kAllowed =
    "  - api.openai.com:443\n  - 192.0.2.7:8443\n  - icmp/192.0.2.7\n  - esp/192.0.2.7\n"
    "  - udp/pool.ntp.org:123\n"
    "  - { host: rebind.example, port: 443, optional: true }\n";
constexpr const char* kWildcard = "  - \"*.openai.azure.com:443\"\n";  // takes the guard

// A link whose name begins with "free" is a hole.
std::string policy(std::string_view dns, const std::string& more = "") {
  return "version: 1\nresolvers: [10.77.0.1]\nforward: { except: [\"free*\"] }\ndns: " +
         std::string(dns) + "\nallow:\n" + kAllowed + (dns == "guard" ? kWildcard : "") +
         (more.empty() ? "" : "  - " + more + "\n");
}

Ids ids_of(const Hole& hole) {
  Ids ids{std::string(hole.kind.id())};
  for (const auto& also : hole.also) ids.emplace(also.id());
  return ids;
}

// A resolver that gives 203.0.113.77 for whatever it is asked.
std::optional<Bytes> lie(const Bytes& question) {
  constexpr std::size_t kOpt = 11;
  Bytes answer(question.begin(), question.end() - kOpt);
  answer[2] |= 0x80;
  answer[7] = 1;
  answer[11] = 0;
  answer.insert(answer.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 77});
  return answer;
}

class BatteryLab : public ::testing::Test {
 protected:
  BatteryLab() {
    daemon_.set_environment(
        {"LD_PRELOAD=" DEAF, "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0"});
  }

  // As after a boot: without what the last hole left behind.
  void start_anew(std::string_view dns, const std::string& before = "") {
    daemon_.terminate();
    daemon_.set_launcher({"unshare", "--mount", "sh", "-c",
                          "export LAB=" + lab_.dir().string() +
                              " SHIFTED_CLOCKS=" SHIFTED_CLOCKS "; " +
                              (before.empty() ? ":" : before) + "; exec \"$@\"",
                          "sh"});
    lab_.nft("flush ruleset\n");
    run({.words = {"nft", "flush", "ruleset"}, .netns = lab_.net()});
    daemon_.write_policy(policy(dns));
    daemon_.start();
    ASSERT_EQ(daemon_.ask<control::StatusReply>(control::StatusRequest{}).dns, dns);
    eventually([&] {
      return daemon_.egressctl({"list"}).output.find("2606:4700:f1::1") != std::string::npos;
    });
  }
  void load_afar(const std::string& chain) const {
    const std::string table = "table inet far { chain c { " + chain + "\n }\n }\n";
    const Finished done =
        run({.words = {"bash", "-c", "nft -f - <<<\"$1\"", "nft", table}, .netns = lab_.net()});
    ASSERT_EQ(done.exit_code, 0) << done.output;
  }
  void open(const Hole& hole) {
    switch (hole.at) {
      case Hole::At::host:
        return lab_.nft(hole.how);
      case Hole::At::far_side:
        return load_afar("type filter hook input priority 0\n" + hole.how);
      case Hole::At::proxy:
        return load_afar("type nat hook prerouting priority -100\n" + hole.how);
      case Hole::At::policy:
        daemon_.write_policy(policy(hole.dns, hole.how));
        daemon_.ask<control::ReloadReply>(control::ReloadRequest{});
        return;
      case Hole::At::daemon:
        return start_anew(hole.dns, hole.how);
      case Hole::At::shell:
        lab_.on_host({"sh", "-ec", hole.how});
        return;
    }
  }
  nlohmann::json verify() const {
    const Finished done = daemon_.egressctl(
        {"verify", "--json", "--ca", lab_.dir() / "ca.pem", "--timeout", "1500ms"});
    return nlohmann::json::parse(done.output);
  }
  static Ids failing(const nlohmann::json& report) {
    Ids ids;
    for (const auto& row : report.at("probes")) {
      const std::string result = row.at("result");
      if (result == "leak" || result == "failed" || result == "not proven")
        ids.insert(row.at("kind").get<std::string>());
    }
    return ids;
  }
  static std::string problems(const nlohmann::json& report) {
    std::string text;
    for (const auto& row : report.at("probes"))
      if (row.at("result") != "ok")
        text += row.at("result").get<std::string>() + ' ' + row.at("probe").get<std::string>() +
                ": " + row.at("seen").get<std::string>() + "; " +
                row.at("evidence").get<std::string>() + '\n';
    return text;
  }

  Lab lab_{Lab::Servers::all};
  const ChildProcess proxy_{{.words = {"microsocks", "-i", "0.0.0.0", "-p", "1080"},
                             .netns = lab_.net(),
                             .output = "/dev/null"}};
  const UdpServer liar_{lab_.net(), 5353, lie};
  Daemon daemon_{lab_, policy("guard"), {"--shared-table"}};
};

class Battery : public BatteryLab, public ::testing::WithParamInterface<int> {
 protected:
  void find(const Hole& hole);
};

void Battery::find(const Hole& hole) {
  start_anew(hole.dns);
  open(hole);
  const auto report = verify();
  EXPECT_EQ(failing(report), ids_of(hole)) << hole.kind.id() << '\n' << problems(report);
  EXPECT_NE(report.at("verdict"), "proven") << hole.kind.id();
  if (!hole.undo.empty()) lab_.on_host({"sh", "-ec", hole.undo});
}

TEST_P(Battery, FindsEachHoleAndNothingElse) {
  for (const char* dns : {"guard", "poll"}) {
    start_anew(dns);
    const auto closed = verify();
    ASSERT_EQ(closed.at("verdict"), "proven") << dns << problems(closed);
  }
  for (std::size_t i = 0; i < holes().size(); ++i)
    if (i % kShards == static_cast<std::size_t>(GetParam())) find(holes()[i]);
}

INSTANTIATE_TEST_SUITE_P(Shards, Battery, ::testing::Range(0, kShards));

// What a container shows: this host forwards what it sends, and judges it in other chains. Holes
// there open nothing to the host's own packets.
struct HoleOfContainers {
  const char* kind;
  const char* rules;
};
void PrintTo(const HoleOfContainers& hole, std::ostream* out) {
  *out << hole.kind;
}

class FromAContainer : public BatteryLab, public ::testing::WithParamInterface<HoleOfContainers> {
 protected:
  nlohmann::json verify_there() const {
    return nlohmann::json::parse(
        daemon_
            .egressctl({"verify", "--json", "--ca", lab_.dir() / "ca.pem", "--netns",
                        container_.netns(), "--only", GetParam().kind})
            .output);
  }
  const Container container_{lab_};
};

TEST_P(FromAContainer, ItsHoleIsFound) {
  start_anew("guard");
  const auto closed = verify_there();
  EXPECT_EQ(failing(closed), Ids{}) << problems(closed);
  EXPECT_EQ(closed.at("verdict"), "proven");
  lab_.nft(GetParam().rules);
  const auto open = verify_there();
  EXPECT_EQ(failing(open), Ids{GetParam().kind}) << problems(open);
  EXPECT_NE(open.at("verdict"), "proven");
}

const HoleOfContainers kHolesOfContainers[] = {
    {"source.related", "insert rule inet egressd held ct state related meta l4proto icmp accept\n"},
    {"source.freebind", "insert rule inet egressd source-held udp sport 4007 accept\n"},
    {"source.spoofed", "insert rule inet egressd source-held udp sport 4008 accept\n"},
    {"refused.ping", "insert rule inet egressd held meta l4proto { icmp, icmpv6 } accept\n"},
    {"refused.gre", "insert rule inet egressd held meta l4proto gre accept\n"}};
INSTANTIATE_TEST_SUITE_P(Each, FromAContainer, ::testing::ValuesIn(kHolesOfContainers),
                         [](const auto& hole) {
                           std::string name = hole.param.kind;
                           name.at(name.find('.')) = '_';
                           return name;
                         });

TEST(Holes, ThereIsOneForEachKindOfProbe) {
  Ids kinds, found;
  for (const verify::Kind& kind : verify::kCatalogue) kinds.emplace(kind.id);
  for (const Hole& hole : holes())
    EXPECT_TRUE(found.emplace(hole.kind.id()).second) << hole.kind.id() << " has two";
  EXPECT_EQ(found, kinds);
}

}  // namespace
}  // namespace egress::test
