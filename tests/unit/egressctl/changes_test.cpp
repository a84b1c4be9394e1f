// allow, deny, reload: what is asked of the daemon and what is shown.
#include "control/codec.hpp"
#include "egress/core/limits.hpp"
#include "egressctl/outcomes.hpp"
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

using control::AllowReply;
using control::AllowRequest;
using control::DenyReply;
using control::DenyRequest;
using control::ReloadReply;

TEST(Allow, AsksForWhatTheCommandLineSays) {
  const FakeDaemon daemon([](const auto&) { return AllowReply{}; });
  run_egressctl(daemon.socket(),
                {"allow", "a.example:443", "udp/b.example:53", "--for", "15m", "--optional",
                 "--private", "--metadata", "--reason", "package mirror", "--dry-run"});
  const auto request = daemon.request<AllowRequest>();
  EXPECT_EQ(request.targets, (std::vector<std::string>{"a.example:443", "udp/b.example:53"}));
  EXPECT_EQ(request.for_s, 900);
  EXPECT_TRUE(request.optional && request.private_answers && request.metadata && request.dry_run);
  EXPECT_EQ(request.reason, "package mirror");
}

TEST(Allow, AsksForNothingMoreThanThat) {
  const FakeDaemon daemon([](const auto&) { return AllowReply{}; });
  run_egressctl(daemon.socket(), {"allow", "status"});  // a host by the name of a command
  const auto request = daemon.request<AllowRequest>();
  EXPECT_EQ(request.targets, std::vector<std::string>{"status"});
  EXPECT_EQ(request.for_s, std::nullopt);
  EXPECT_FALSE(request.optional || request.private_answers || request.metadata || request.dry_run);
  EXPECT_EQ(request.reason, "");
}

const AllowReply kMixed{{{"tcp/api.example:443", "open", "", {}, {"192.0.2.1", "2001:db8::1"}},
                         {"tcp/gist.example:443",
                          "open",
                          "",
                          control::RiskReport{"upload", "anybody can make a gist"},
                          {"192.0.2.2"}},
                         {"tcp/absent.example:443",
                          "failed",
                          "NXDOMAIN from 192.0.2.53; kept, next try in 5 s",
                          {},
                          {}}},
                        4200,
                        130};

TEST(Allow, ShowsOutcomesMessagesAndRisks) {
  const Ran ran = run_against(kMixed, {"allow", "a", "b", "c"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out,
            "TARGET                  STATE   ADDRESSES\n"
            "tcp/api.example:443     open    192.0.2.1, 2001:db8::1\n"
            "tcp/gist.example:443    open    192.0.2.2\n"
            "    risk: upload: anybody can make a gist\n"
            "tcp/absent.example:443  failed\n"
            "    NXDOMAIN from 192.0.2.53; kept, next try in 5 s\n"
            "4.2 ms, of which 0.13 ms in the kernel\n");
}

TEST(Allow, ShowsTheNotesOfPresets) {
  const AllowReply reply{
      {{"tcp/pypi.org:443", "open", "", {}, {}}}, 1000, 0, {"pypi: P=0 \x1b[2J"}};
  EXPECT_EQ(run_against(reply, {"allow", "preset:pypi"}).out,
            "TARGET            STATE  ADDRESSES\n"
            "tcp/pypi.org:443  open\n"
            "note: pypi: P=0 \\x1b[2J\n"
            "1.0 ms, of which 0.00 ms in the kernel\n");
}

TEST(Allow, PrintsTheReplyAsJsonOnEitherSideOfTheCommand) {
  const std::string json = control::encode(control::Reply(kMixed));
  EXPECT_EQ(run_against(kMixed, {"allow", "a", "--json"}).out, json);
  const Ran ran = run_against(kMixed, {"--json", "allow", "a"});
  EXPECT_EQ(ran.out, json);
  EXPECT_EQ(ran.exit, Exit::failed);
}

TEST(Allow, ExitsZeroOnlyIfAllIsWell) {
  const auto exit = [](const std::string& state) {
    return run_against(AllowReply{{{"a", "open", "", {}, {}}, {"b", state, "", {}, {}}}, 0, 0},
                       {"allow", "a", "b"})
        .exit;
  };
  for (const char* state : {"open", "already", "would allow"})
    EXPECT_EQ(exit(state), Exit::done) << state;
  for (const char* state : {"failed", "refused"}) EXPECT_EQ(exit(state), Exit::failed) << state;
}

TEST(Allow, ManyTargetsGoInSeveralRequestsAndComeBackAsOneReply) {
  const FakeDaemon daemon([](const control::Request& request) {
    AllowReply reply{{}, 1000, 10};
    for (const auto& target : std::get<AllowRequest>(request).targets)
      reply.targets.push_back({target, "open", "", {}, {}});
    return reply;
  });
  std::vector<std::string> arguments{"allow", "--json"};
  AllowReply expected{{}, 3000, 30};
  for (std::size_t i = 0; i < 2 * kTargetsPerCall + 1; ++i) {
    arguments.push_back("host-" + std::to_string(i) + "." +
                        std::string(limits::kTargetBytes - 20, 'x'));
    expected.targets.push_back({arguments.back(), "open", "", {}, {}});
  }
  const Ran ran = run_egressctl(daemon.socket(), arguments);
  EXPECT_EQ(daemon.requests().size(), 3U);
  EXPECT_EQ(ran.out, control::encode(control::Reply(expected)));
}

TEST(Allow, WhatWasDoneBeforeAFailureIsShown) {
  int calls = 0;
  const FakeDaemon daemon([&calls](const auto&) -> control::Reply {
    if (calls++ == 0) return AllowReply{{{"tcp/first.example:443", "open", "", {}, {}}}, 0, 0};
    return control::Refused{"failed", "the disk is full"};
  });
  std::vector<std::string> arguments{"allow"};
  arguments.resize(1 + kTargetsPerCall + 1, "a.example");
  const Ran ran = run_egressctl(daemon.socket(), arguments);
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.err, "egressctl: the disk is full\n");
  EXPECT_NE(ran.out.find("tcp/first.example:443  open"), std::string::npos);
}

TEST(Allow, AWaitIsShownOnATerminalAndGoneAfterIt) {
  const FakeDaemon daemon([](const auto&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1'300));
    return AllowReply{};
  });
  const Terminal terminal{true, false, 80};
  const Ran ran = run_egressctl(daemon.socket(), {"allow", "a.example", "b.example"}, terminal);
  EXPECT_EQ(ran.err, "\r\033[Kwaiting for 2 targets: 1 s\r\033[K");
}

TEST(Allow, AWaitNamesItsTargets) {
  EXPECT_EQ(activity(0, 1), "waiting for 1 target");
  EXPECT_EQ(activity(0, 100), "waiting for 100 targets");
  EXPECT_EQ(activity(2, 201), "waiting for targets 201 to 201 of 201");
}

TEST(Deny, AsksAndShows) {
  const FakeDaemon daemon([](const auto&) {
    return DenyReply{{{"tcp/a.example:443", "revoked", "", {}, {}},
                      {"tcp/b.example:443",
                       "refused",
                       "it stands in egressd.yaml:12:5; edit that line and reload",
                       {},
                       {}}},
                     2};
  });
  const Ran ran = run_egressctl(daemon.socket(), {"deny", "a.example", "b.example", "--dry-run"});
  EXPECT_EQ(daemon.request<DenyRequest>().targets,
            (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_TRUE(daemon.request<DenyRequest>().dry_run);
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.out,
            "TARGET             STATE    ADDRESSES\n"
            "tcp/a.example:443  revoked\n"
            "tcp/b.example:443  refused\n"
            "    it stands in egressd.yaml:12:5; edit that line and reload\n"
            "open connections cut: 2\n");
}

TEST(Reload, ShowsWhatChangedOrWhatIsWrong) {
  const Ran done = run_against(ReloadReply{2, 1, {}}, {"reload"});
  EXPECT_EQ(done.exit, Exit::done);
  EXPECT_EQ(done.out, "reloaded; entries added: 2, removed: 1\n");

  const Ran told =
      run_against(ReloadReply{0,
                              0,
                              {},
                              true,
                              {{"forward", "docker0, br-*", "none"}, {"mode", "enforce", "audit"}},
                              {"w"}},
                  {"reload"});
  EXPECT_EQ(told.exit, Exit::done);
  EXPECT_EQ(told.out,
            "reloaded; entries added: 0, removed: 0\n"
            "CHANGED  BEFORE         NOW\n"
            "forward  docker0, br-*  none\n"
            "mode     enforce        audit\n");
  EXPECT_EQ(told.err, "warning: w\n");
  EXPECT_EQ(run_against(ReloadReply{0, 0, {}, false}, {"reload"}).out,
            "reloaded; nothing changed; entries added: 0, removed: 0\n");

  const Ran broken =
      run_against(ReloadReply{0, 0, {"egressd.yaml:12:7: unknown key \"alow\""}}, {"reload"});
  EXPECT_EQ(broken.exit, Exit::failed);
  EXPECT_EQ(broken.out, "");
  EXPECT_EQ(
      broken.err,
      "egressd.yaml:12:7: unknown key \"alow\"\n"
      "egressctl: nothing changed: the running policy stays; correct the above and reload again\n");
}

}  // namespace
}  // namespace egress::ctl
