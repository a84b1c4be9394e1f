// Each judge of what the daemon says, over what is fine and what is not.
#include "egressctl/doctor/judge.hpp"
#include "unit/doctor/findings.hpp"

namespace egress::doctor {
namespace {

using ::testing::HasSubstr;

control::StatusReply fine() {
  control::StatusReply status;
  status.state = "enforcing", status.mode = "enforce", status.dns = "guard";
  status.protection = "owned", status.held_links = {"eth0"}, status.policy_file = "/p.yaml";
  return status;
}

TEST(JudgeMode, OnlyEnforcingIsFine) {
  EXPECT_EQ(worst(judge_mode(fine())), Severity::ok);
  auto status = fine();
  status.state = "auditing";
  EXPECT_EQ(worst(judge_mode(status)), Severity::weak);
  EXPECT_TRUE(is_complete(judge_mode(status)));
  status.state = "open";
  EXPECT_EQ(worst(judge_mode(status)), Severity::weak);
  status.state = "panic";
  EXPECT_EQ(worst(judge_mode(status)), Severity::note);
  status.state = "not enforcing: the table is gone";
  EXPECT_THAT(brief(judge_mode(status)), HasSubstr("weak enforcement: not enforcing: the table"));
  EXPECT_TRUE(is_complete(judge_mode(status)));
}

TEST(JudgeTable, TellsItsTierAndWhoChangedIt) {
  EXPECT_EQ(worst(judge_table(fine())), Severity::ok);
  auto status = fine();
  status.protection = "watched";
  EXPECT_EQ(worst(judge_table(status)), Severity::note);
  EXPECT_TRUE(is_complete(judge_table(status)));
  status.tamperings = 2;
  status.last_tampering = "nft (pid 12)";
  EXPECT_THAT(brief(judge_table(status)),
              HasSubstr("weak table: watched; others changed it 2 times, the last: nft (pid 12)"));
}

TEST(JudgeInbound, NotesThatWhoeverCanReachThisHostIsAnswered) {
  auto status = fine();
  status.inbound = {"any"};
  EXPECT_EQ(worst(judge_inbound(status)), Severity::note);
  EXPECT_THAT(brief(judge_inbound(status)), HasSubstr("whoever can reach this host"));
  EXPECT_TRUE(is_complete(judge_inbound(status)));
  status.inbound = {"22/tcp", "443/tcp"};
  EXPECT_THAT(brief(judge_inbound(status)),
              HasSubstr("ok inbound: answered: who asks at 22/tcp, 443/tcp"));
  status.inbound.clear();
  EXPECT_THAT(brief(judge_inbound(status)), HasSubstr("ok inbound: answered: nobody"));
}

TEST(JudgeTable, NotesThatThereIsLittleRoomForNewFlows) {
  auto status = fine();
  status.most_flows = 1'000;
  status.tracked_flows = 750;
  EXPECT_THAT(brief(judge_table(status)), HasSubstr("ok flows: tracked: 750 of at most 1000"));
  status.tracked_flows = 751;
  EXPECT_THAT(brief(judge_table(status)), HasSubstr("note flows: tracked: 751 of at most 1000"));
  EXPECT_TRUE(is_complete(judge_table(status)));
}

TEST(JudgeTable, CountsWhatDeviates) {
  auto status = fine();
  status.deviations = {"chain output: policy accept"};
  EXPECT_THAT(brief(judge_table(status)), HasSubstr("weak drift: 1 deviation from the desired "
                                                    "table: chain output: policy accept"));
  EXPECT_TRUE(is_complete(judge_table(status)));
}

TEST(JudgeKernel, NotesWhatIsMissingAndWhatThatCosts) {
  control::HealthReply health;
  health.capabilities = {{"ownership", true, ""}, {"log", true, "x"}};
  EXPECT_EQ(brief(judge_kernel("6.18.5", health)), "ok kernel: Linux 6.18.5 has: ownership, log\n");
  health.capabilities[1].present = false;
  const Findings findings = judge_kernel("6.1.0", health);
  EXPECT_THAT(brief(findings), HasSubstr("note kernel: Linux 6.1.0 lacks: log"));
  EXPECT_EQ(findings.back().means, "x");
}

TEST(JudgeFrames, ALinkThatIsNotHeldIsWeak) {
  EXPECT_EQ(brief(judge_frames(fine())), "ok raw frames: refused at: eth0\n");
  auto status = fine();
  status.unheld_links = {"veth1: a port of a bridge"};
  EXPECT_EQ(worst(judge_frames(status)), Severity::weak);
  EXPECT_TRUE(is_complete(judge_frames(status)));
  const Forwarding held{.links = {{.name = "veth1", .bridge = "br1"}, {.name = "br1", .ports = 1}}};
  EXPECT_THAT(judge_frames(status, held).front().remedy, HasSubstr("name the bridge under"));
  status.forward = {"br*"};
  EXPECT_THAT(judge_frames(status, held).front().remedy, HasSubstr("its bridge is held"));
  const Forwarding bridged{.links = {{.name = "br0", .has_default_route = true, .ports = 2}}};
  EXPECT_THAT(judge_frames(status, bridged).front().remedy, HasSubstr("a bridge of their own"));
}

TEST(JudgeDns, PollingIsWeak) {
  EXPECT_EQ(worst(judge_dns(fine())), Severity::ok);
  auto status = fine();
  status.dns = "poll";
  EXPECT_EQ(worst(judge_dns(status)), Severity::weak);
  EXPECT_TRUE(is_complete(judge_dns(status)));
}

TEST(JudgeDns, RefusalsThatMuslWaitsForAreNoted) {
  auto status = fine();
  status.refuse_with = "nxdomain";
  EXPECT_EQ(worst(judge_dns(status)), Severity::ok);
  status.refuse_with = "refused";
  EXPECT_EQ(worst(judge_dns(status)), Severity::note);
  EXPECT_TRUE(is_complete(judge_dns(status)));
  status.dns = "poll";  // there is no guard that refuses
  EXPECT_EQ(worst(judge_dns(status)), Severity::weak);
}

TEST(JudgeUnheard, NamesTheFirewallAndTheCommand) {
  auto status = fine();
  EXPECT_EQ(worst(judge_unheard(status)), Severity::ok);
  status.unheard = {{"docker0", "ufw", "ufw allow in on docker0 to any port 553"}};
  const Findings findings = judge_unheard(status);
  EXPECT_EQ(worst(findings), Severity::note) << "it opens nothing";
  EXPECT_TRUE(is_complete(findings));
  EXPECT_THAT(
      brief(findings),
      HasSubstr("question of docker0 did not come to egressd; what may have dropped it: ufw"));
  EXPECT_EQ(findings.front().command, "ufw allow in on docker0 to any port 553");
}

TEST(JudgeResolvers, NotesThoseThatFailNowNotThoseThatFailedOnce) {
  control::HealthReply health;
  health.resolvers = {{"10.0.0.2", 7, 3, 0, "timeout"}};
  EXPECT_EQ(worst(judge_resolvers(fine(), health)), Severity::ok);
  health.resolvers = {{"10.0.0.2", 7, 3, 2, "timeout"}};
  EXPECT_EQ(brief(judge_resolvers(fine(), health)),
            "note resolver: 10.0.0.2: answers: 7, failures: 3, the last 2 in a row (timeout)\n");
  health.resolvers.clear();
  EXPECT_EQ(worst(judge_resolvers(fine(), health)), Severity::note);
  EXPECT_TRUE(is_complete(judge_resolvers(fine(), health)));
}

TEST(JudgeResolvers, NamesThatFailAreTold) {
  auto status = fine();
  status.failing = {"tcp/a.example:443"};
  control::HealthReply health;
  health.resolvers = {{"10.0.0.2", 1, 0, 0, ""}};
  EXPECT_THAT(brief(judge_resolvers(status, health)),
              HasSubstr("note names: without an address: tcp/a.example:443"));
}

TEST(JudgeClock, ComparesTheDaemonsClocksWithOurs) {
  control::HealthReply health;
  health.boottime_ms = 100'000;
  health.wall = "2026-12-01T00:00:00Z";
  const Clocks ours{100'000, 1'796'083'200, true};
  EXPECT_EQ(worst(judge_clock(ours, ours, health)), Severity::ok);
  const Clocks unsynchronised{100'000, 1'796'083'200, false};
  EXPECT_EQ(worst(judge_clock(ours, unsynchronised, health)), Severity::note);
  EXPECT_TRUE(is_complete(judge_clock(ours, unsynchronised, health)));
  for (const Clocks& other :
       {Clocks{200'000, 1'796'083'200, true}, Clocks{100'000, 1'796'083'300, true},
        Clocks{10'000, 1'796'083'200, true}})
    EXPECT_THAT(brief(judge_clock(other, other, health)), HasSubstr("are not those of egressctl"));
}

TEST(Judge, PutsTheWeakFirst) {
  auto status = fine();
  status.dns = "poll";
  const Findings findings = judge({}, status, {});
  EXPECT_TRUE(has_weakness(findings));
  EXPECT_TRUE(std::ranges::is_sorted(findings, std::ranges::greater{}, &Finding::severity));
  EXPECT_TRUE(is_complete(findings)) << brief(findings);
  EXPECT_FALSE(has_weakness(judge({}, fine(), {}))) << brief(judge({}, fine(), {}));
}

}  // namespace
}  // namespace egress::doctor
