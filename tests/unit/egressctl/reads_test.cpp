// list, status, why, diff, version: golden output.
#include "control/codec.hpp"
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

using control::DiffReply;
using control::EntryReport;
using control::ListReply;
using control::StatusReply;
using control::WhyReply;

ListReply two_entries() {
  EntryReport open;
  open.target = "tcp/api.example:443";
  open.state = "open";
  open.origin = "egressd.yaml:12:5";
  open.addresses = {{"192.0.2.1", 843, 9}, {"2001:db8::1", 0, 3}};
  open.hits = 12;
  EntryReport failing;
  failing.target = "tcp/absent.example:443";
  failing.state = "failing";
  failing.origin = "root (uid 0)";
  failing.added_by = "root (uid 0)";
  failing.optional = true;
  failing.reason = "the \x1b[31mmirror";
  failing.risk = {"upload", "gists"};
  failing.error = "NXDOMAIN from 192.0.2.53, next try in 5 s";
  failing.until_s = 7'260;
  return {{open, failing}};
}

TEST(List, ShowsEntriesWithTheirAddresses) {
  const Ran ran = run_against(two_entries(), {"list"});
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.out,
            "TARGET                  STATE    EXPIRES  HITS  ORIGIN\n"
            "tcp/api.example:443     open              12    egressd.yaml:12:5\n"
            "  192.0.2.1                      14m 3s   9\n"
            "  2001:db8::1                    never    3\n"
            "tcp/absent.example:443  failing  2h 1m    0     root (uid 0)\n"
            "    optional\n"
            "    reason: \"the \\x1b[31mmirror\"\n"
            "    risk: upload: gists\n"
            "    error: NXDOMAIN from 192.0.2.53, next try in 5 s\n");
}

TEST(List, IsJsonForPrograms) {
  EXPECT_EQ(run_against(two_entries(), {"list", "--json"}).out,
            control::encode(control::Reply(two_entries())));
}

TEST(List, ShowsAFewOfManyAddresses) {
  EntryReport entry;
  entry.target = "tcp/pool.example:443";
  entry.state = "open";
  for (int i = 1; i <= 20; ++i) entry.addresses.push_back({"192.0.2." + std::to_string(i), 60, 0});
  const Ran ran = run_against(ListReply{{entry}}, {"list"});
  EXPECT_NE(ran.out.find("192.0.2.8 "), std::string::npos);
  EXPECT_EQ(ran.out.find("192.0.2.9 "), std::string::npos);
  EXPECT_NE(ran.out.find("    12 more addresses; --json shows all\n"), std::string::npos);
}

// Its addresses are those of every name below it: thousands.
TEST(List, ShowsHowManyAddressesAWildcardHasAndVeryFew) {
  for (const char* target : {"tcp/*.wild.example:443", "tcp/.wild.example:443"}) {
    EntryReport entry;
    entry.target = target;
    entry.state = "open";
    const Ran none = run_against(ListReply{{entry}}, {"list"});
    EXPECT_NE(none.out.find("    addresses of the names below it that were asked for: 0\n"),
              std::string::npos);
    for (int i = 0; i < 3'000; ++i)
      entry.addresses.push_back(
          {"192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 60, 0});
    const Ran ran = run_against(ListReply{{entry}}, {"list"});
    EXPECT_NE(ran.out.find("    addresses of the names below it that were asked for: 3000\n"
                           "  192.0.0.0 "),
              std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("192.0.0.2 "), std::string::npos);
    EXPECT_EQ(ran.out.find("192.0.0.3 "), std::string::npos);
    EXPECT_NE(ran.out.find("    2997 more addresses; --json shows all\n"), std::string::npos);
    EXPECT_NE(run_against(ListReply{{entry}}, {"list", "--json"}).out.find("192.0.11.249"),
              std::string::npos);
  }
}

TEST(List, SaysHowToBeginWhenNothingIsAllowed) {
  EXPECT_EQ(run_against(ListReply{}, {"list"}).out,
            "nothing is allowed; add with: egressctl allow HOST[:PORT]\n");
}

TEST(List, SaysWhereAnotherFileSendsANameThatIsAllowed) {
  control::EntryReport entry;
  entry.target = "tcp/a.example:443", entry.state = "open";
  entry.hosts = {"/etc/hosts sends it to 192.0.2.1: egressctl allow 192.0.2.1:443"};
  EXPECT_NE(run_against(ListReply{{entry}}, {"list"}).out.find(entry.hosts.front()),
            std::string::npos);
}

StatusReply healthy() {
  StatusReply status;
  status.version = "0.1.0";
  status.mode = "enforce";
  status.state = "enforcing";
  status.dns = "poll";
  status.resolvers = {"192.0.2.53", "[2001:db8::53]:53"};
  status.resolver_source = "policy";
  status.policy_file = "/etc/egressd/egressd.yaml";
  status.uptime_s = 11'100;
  status.entries = 12, status.names = 9, status.addresses = 34, status.elements = 40;
  status.forward = {"docker0", "br-*"};
  status.commits = 17, status.last_commit_us = 90, status.refused_packets = 120;
  status.refusals = {{"2001:db8::9", "tcp", 443, 100}, {"192.0.2.9", "udp", 53, 20}};
  status.protection = "owned";
  status.held_links = {"eth0", "wg0"};
  status.refused_frames = 3;
  status.tracked_flows = 1'200, status.most_flows = 262'144, status.crowded_packets = 5;
  return status;
}

const std::string kFacts =
    "  policy     /etc/egressd/egressd.yaml\n"
    "  allowed    entries: 12, names: 9 (failing: 0), addresses: 34\n"
    "  resolvers  192.0.2.53, [2001:db8::53]:53 (from policy), dns poll\n"
    "  forward    docker0, br-*\n"
    "  inbound    nobody is answered\n"
    "  frames     raw ones are refused at: eth0, wg0 (refused: 3)\n"
    "  table      owned: the kernel lets no other program change it\n"
    "  kernel     elements: 40, commits: 17 (failed: 0), the last took 0.09 ms\n";

TEST(Status, TellsTheResolversOfZonesAndWhatTheHostsFileSendsElsewhere) {
  StatusReply status = healthy();
  status.zones = {{"vpn.corp", {"10.8.0.1", "10.8.0.2"}}, {"corp", {"10.9.0.1"}}};
  status.hosts = {"/etc/hosts sends a.example to 192.0.2.1"};
  const Ran ran = run_against(status, {});
  EXPECT_NE(ran.out.find("(from policy); vpn.corp: 10.8.0.1, 10.8.0.2; corp: 10.9.0.1, dns poll\n"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("allowed names that programs of this host find elsewhere:\n"
                         "  /etc/hosts sends a.example to 192.0.2.1\n"),
            std::string::npos)
      << ran.out;
  EXPECT_EQ(ran.exit, Exit::done);
}

TEST(Status, IsTheDefaultCommand) {
  const std::string expected =
      "egressd 0.1.0: enforcing\n" + kFacts +
      "  refused    packets: 120, with the source of another: 0\n"
      "  flows      tracked: 1200 of at most 262144, dropped as more than their sender's share: 5\n"
      "  uptime     3h 5m\n"
      "\n"
      "REFUSED LATELY  PORT     PACKETS\n"
      "2001:db8::9     443/tcp  100\n"
      "192.0.2.9       53/udp   20\n";
  for (const auto& arguments : {std::vector<std::string>{}, std::vector<std::string>{"status"}}) {
    const Ran ran = run_against(healthy(), arguments);
    EXPECT_EQ(ran.exit, Exit::done);
    EXPECT_EQ(ran.out, expected);
  }
  EXPECT_EQ(run_against(healthy(), {"--json"}).out, control::encode(control::Reply(healthy())));
}

// The operator's mistake is the first thing that he reads, and no monitor takes it for health.
TEST(Status, SaysWhenTheFilesAreNotInForce) {
  StatusReply status = healthy();
  status.policy_source = "files";
  EXPECT_EQ(run_against(status, {"status"}).exit, Exit::done);
  status.policy_source = "last good", status.policy_problem = "egressd.yaml:2:1: unknown key";
  const Ran ran = run_against(status, {"status"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_TRUE(ran.out.starts_with(
      "egressd 0.1.0: enforcing the last good policy; egressd.yaml:2:1: unknown key\n"))
      << ran.out;
  status.policy_source = "none";
  const Ran none = run_against(status, {"status"});
  EXPECT_EQ(none.exit, Exit::failed);
  EXPECT_TRUE(
      none.out.starts_with("egressd 0.1.0: enforcing, nothing allowed but the additions; "
                           "egressd.yaml:2:1: unknown key\n"))
      << none.out;
}

TEST(Status, SaysHowManyNamesWereLearnt) {
  StatusReply status = healthy();
  status.dns = "guard", status.names = 30, status.learnt = 21;
  const Ran ran = run_against(status, {"status"});
  EXPECT_NE(ran.out.find("names: 30 (failing: 0, learnt below wildcards: 21), addresses: 34\n"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("(from policy), dns guard\n"), std::string::npos);
}

TEST(Status, SaysAuditInCapitals) {
  StatusReply status = healthy();
  status.mode = "audit", status.state = "auditing", status.refusals = {};
  const Ran ran = run_against(status, {});
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.out,
            "egressd 0.1.0: auditing\n"
            "AUDIT: nothing is refused; what would be is counted and logged (mode: audit)\n" +
                kFacts +
                "  let pass   packets: 120, with the source of another: 0\n"
                "  flows      tracked: 1200 of at most 262144, dropped as more than their sender's "
                "share: 5\n"
                "  uptime     3h 5m\n");
}

TEST(Status, TellsWhatIsHeldAndWhatIsNotWhereAllIs) {
  StatusReply status = healthy();
  status.holds_all = true;
  status.forward = {"docker0"}, status.uplinks = {"eth0"};
  const auto says = [&](const std::string& line) {
    const std::string out = run_against(status, {"status"}).out;
    EXPECT_NE(out.find("  forward    " + line + "\n"), std::string::npos) << out;
  };
  says("held: docker0; not held: what comes in by eth0 (the way out)");
  status.released = {"virbr*"};
  says("held: docker0; not held: what comes in by eth0 (the way out) and by virbr* (the policy)");
  status.released = {}, status.forward = {"docker0", "eth1"}, status.outward = {"eth1"};
  says(
      "held: docker0, eth1; not held: what comes in by eth0 (the way out); `forward: { except: "
      "[eth1] }` lets pass what it routes");
}

TEST(Status, TellsWhereOthersCanGetPast) {
  StatusReply status = healthy();
  status.protection = "watched";
  status.held_links = {};
  status.unheld_links = {"eth0: a port of a bridge"};
  EXPECT_NE(run_against(status, {"status"})
                .out.find("  frames     raw ones are refused at: none (refused: 3)\n"
                          "  table      watched: what others change is undone (so far: 0)\n"),
            std::string::npos);
  status.tamperings = 2;
  status.last_tampering = "nft (pid 12)";
  status.last_repair_us = 900;
  const Ran ran = run_against(status, {"status"});
  EXPECT_NE(ran.out.find("(so far: 2, the last by nft (pid 12), undone in 0.90 ms)\n"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("a program with CAP_NET_RAW can send frames past the table at:\n"
                         "  eth0: a port of a bridge\n"),
            std::string::npos)
      << ran.out;
}

TEST(Status, TellsWhatIsWrong) {
  StatusReply status = healthy();
  status.state = "not enforcing: the kernel refused the table";
  status.refusals = {};
  status.failing = {"tcp/absent.example:443"};
  status.deviations = {"rule 3 of chain output is gone"};
  status.warnings = {"the last reload was refused"};
  status.missing_features = {"conntrack: a revoke does not cut connections"};
  const Ran ran = run_against(status, {"status"});
  EXPECT_EQ(ran.exit, Exit::failed) << "a daemon that does not enforce is a failure";
  EXPECT_EQ(ran.out, "egressd 0.1.0: not enforcing: the kernel refused the table\n" + kFacts +
                         "  refused    packets: 120, with the source of another: 0\n"
                         "  flows      tracked: 1200 of at most 262144, dropped as more than their "
                         "sender's share: 5\n"
                         "  uptime     3h 5m\n"
                         "not resolved (egressctl list says why):\n"
                         "  tcp/absent.example:443\n"
                         "the kernel's table differs (egressctl diff):\n"
                         "  rule 3 of chain output is gone\n"
                         "warnings:\n"
                         "  the last reload was refused\n"
                         "missing in this kernel:\n"
                         "  conntrack: a revoke does not cut connections\n");
}

TEST(Why, AnswersWithItsReasons) {
  const Ran allowed = run_against(
      WhyReply{true, "tcp/a.example:443 is allowed", {"by egressd.yaml:12:5", "x\ny"}, {}},
      {"why", "a.example"});
  EXPECT_EQ(allowed.exit, Exit::done);
  EXPECT_EQ(allowed.out,
            "allowed: tcp/a.example:443 is allowed\n  by egressd.yaml:12:5\n  x\\x0ay\n");
  const Ran refused =
      run_against(WhyReply{false, "no entry covers it", {}, {}}, {"why", "b.example"});
  EXPECT_EQ(refused.exit, Exit::failed);
  EXPECT_EQ(refused.out, "refused: no entry covers it\n");
}

TEST(Diff, ExitsZeroOnlyWithoutDifference) {
  const Ran equal = run_against(DiffReply{}, {"diff"});
  EXPECT_EQ(equal.exit, Exit::done);
  EXPECT_EQ(equal.out, "the kernel holds exactly what is desired\n");
  const Ran differs =
      run_against(DiffReply{{"chain output: policy accept"}, {"a"}, {"b"}, {"c"}}, {"diff"});
  EXPECT_EQ(differs.exit, Exit::failed);
  EXPECT_EQ(differs.out, "! chain output: policy accept\n- a\n+ b\n~ c\n");
  for (const auto& reply : {DiffReply{{"d"}, {}, {}, {}}, DiffReply{{}, {"m"}, {}, {}},
                            DiffReply{{}, {}, {"u"}, {}}, DiffReply{{}, {}, {}, {"e"}}}) {
    EXPECT_EQ(run_against(reply, {"diff", "--json"}).exit, Exit::failed);
  }
}

TEST(Version, TellsBothVersions) {
  StatusReply status = healthy();
  status.version = "9.9";
  EXPECT_NE(run_against(status, {"version"}).out.find("egressd   9.9\n"), std::string::npos);
  const Ran alone = run_egressctl("/nonexistent/control.sock", {"version", "--json"});
  EXPECT_EQ(alone.exit, Exit::done);
  EXPECT_NE(alone.out.find("\"egressd\":null"), std::string::npos);
}

}  // namespace
}  // namespace egress::ctl
