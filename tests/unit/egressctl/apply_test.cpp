// apply and confirm: which file is written when, and what is put back.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "unit/adapters/temporary_folder.hpp"
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

using control::ApplyReply;
using control::ApplyRequest;
using control::ConfirmReply;
using control::ConfirmRequest;
using control::Refused;
using control::ReloadReply;
using control::ReloadRequest;

class ApplyCommand : public testing::Test {
 protected:
  Ran apply(const FakeDaemon::Answer& answer, std::vector<std::string> more = {}) {
    const FakeDaemon daemon(answer);
    more.insert(more.begin(), {"apply", candidate, "--policy", file});
    Ran ran = run_egressctl(daemon.socket(), more);
    requests = daemon.requests();
    return ran;
  }
  // The daemon finds the file sound and says this to the reload.
  FakeDaemon::Answer sound(const control::Reply& to_reload) const {
    return [this, to_reload](const control::Request& request) -> control::Reply {
      if (std::holds_alternative<ApplyRequest>(request)) return ApplyReply{file, {}, 2, 1, {}, {}};
      return to_reload;
    };
  }
  void expect_unchanged() const { EXPECT_EQ(folder.read("egressd.yaml"), "old"); }

  test::TemporaryFolder folder;
  const std::string file = folder.write("egressd.yaml", "old", 0640);
  const std::string candidate = folder.write("new.yaml", "new");
  std::vector<control::Request> requests;
};

TEST_F(ApplyCommand, TellsEachRiskOfWhatItAddsOnce) {
  const control::RiskReport upload{"upload", "anybody can make a gist"};
  const control::RiskReport wide{"wide", "any tenant"};
  const auto risky = [&](const control::Request& request) -> control::Reply {
    if (!std::holds_alternative<ApplyRequest>(request)) return ReloadReply{};
    return ApplyReply{
        file, {}, 3, 0, {{"tcp/a:443", upload}, {"tcp/b:443", upload}, {"tcp/c:443", wide}}, {}};
  };
  const Ran ran = apply(risky);
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_NE(ran.out.find("entries added: 3, removed: 0\n"
                         "ADDED      RISK\ntcp/a:443  upload\ntcp/b:443  upload\n"
                         "    anybody can make a gist\ntcp/c:443  wide\n    any tenant\n"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(apply(risky, {"--json"})
                .out.find(R"({"target":"tcp/c:443","risk":{"kind":"wide","why":"any tenant"}})"),
            std::string::npos);
}

TEST_F(ApplyCommand, HasItCheckedThenWritesThenReloads) {
  std::string at_the_check;
  const Ran ran = apply([&](const control::Request& request) -> control::Reply {
    if (!std::holds_alternative<ApplyRequest>(request)) return ReloadReply{};
    at_the_check = folder.read("egressd.yaml");
    return ApplyReply{file, {}, 2, 1, {}, {}};
  });
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_EQ(at_the_check, "old");
  ASSERT_EQ(requests.size(), 2U);
  const auto& asked = std::get<ApplyRequest>(requests[0]);
  EXPECT_EQ(asked.text, "new");
  EXPECT_EQ(asked.source, candidate);
  EXPECT_EQ(asked.confirm_s, std::nullopt);
  EXPECT_TRUE(std::holds_alternative<ReloadRequest>(requests[1]));
  EXPECT_EQ(folder.read("egressd.yaml"), "new");
  EXPECT_EQ(folder.read("egressd.yaml.before"), "old");
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST_F(ApplyCommand, TellsEverySettingThatChanges) {
  const Ran ran = apply([&](const control::Request& request) -> control::Reply {
    if (!std::holds_alternative<ApplyRequest>(request)) return ReloadReply{};
    return ApplyReply{file, {}, 0, 0, {}, {}, true, {{"forward", "docker0, br-*", "none"}}, {"w"}};
  });
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_TRUE(
      ran.out.starts_with("applied; entries added: 0, removed: 0\n"
                          "CHANGED  BEFORE         NOW\n"
                          "forward  docker0, br-*  none\n"))
      << ran.out;
  EXPECT_EQ(ran.err, "warning: w\n");
}

TEST_F(ApplyCommand, TheSameTextAgainChangesNothing) {
  folder.write("egressd.yaml.before", "older");
  folder.write("egressd.yaml", "new", 0640);
  const Ran same = apply([this](const auto&) { return ApplyReply{file, {}, 0, 0, {}, {}, false}; });
  EXPECT_EQ(same.exit, Exit::done) << same.err;
  EXPECT_TRUE(same.out.starts_with("nothing changed: ")) << same.out;
  EXPECT_EQ(requests.size(), 1U) << "no reload either";
  EXPECT_EQ(folder.read("egressd.yaml.before"), "older");

  // It stands in the file, but was never read.
  const Ran read_again = apply(sound(ReloadReply{1, 0, {}}));
  EXPECT_EQ(read_again.exit, Exit::done) << read_again.err;
  EXPECT_NE(read_again.out.find("held this text already, and is read again\n"), std::string::npos);
  EXPECT_EQ(folder.read("egressd.yaml.before"), "older");
}

TEST_F(ApplyCommand, WhatIsRefusedIsNotWritten) {
  const Ran mistaken = apply([this](const auto&) {
    return ApplyReply{file, {"new.yaml:1:1: what is new?"}, 0, 0, {}, {}};
  });
  EXPECT_EQ(mistaken.exit, Exit::failed);
  EXPECT_NE(mistaken.err.find("new.yaml:1:1: what is new?\n"), std::string::npos);
  expect_unchanged();
  EXPECT_EQ(apply([](const auto&) { return Refused{"denied", "no"}; }).exit, Exit::failed);
  expect_unchanged();
  EXPECT_EQ(folder.count(), 2U);
}

TEST_F(ApplyCommand, AReloadThatIsRefusedPutsTheOldFileBack) {
  EXPECT_EQ(apply(sound(ReloadReply{0, 0, {"p"}})).exit, Exit::failed);
  expect_unchanged();
  EXPECT_EQ(apply(sound(Refused{"busy", "b"})).exit, Exit::failed);
  expect_unchanged();
}

TEST_F(ApplyCommand, ALinkStaysALink) {
  std::filesystem::create_symlink("egressd.yaml", folder / "link.yaml");
  const std::string link = folder / "link.yaml";
  const FakeDaemon daemon([&](const control::Request& request) -> control::Reply {
    if (!std::holds_alternative<ApplyRequest>(request)) return ReloadReply{};
    return ApplyReply{link, {}, 0, 0, {}, {}};
  });
  const Ran ran = run_egressctl(daemon.socket(), {"apply", candidate, "--policy", link});
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(folder.read("egressd.yaml"), "new");
}

// The daemon is not root, and must not make root write where it likes.
TEST_F(ApplyCommand, OnlyTheFileThatTheUserMeansIsWritten) {
  const std::string other = folder.write("shadow", "secret");
  const FakeDaemon daemon([&](const control::Request& request) -> control::Reply {
    if (std::holds_alternative<ApplyRequest>(request)) return ApplyReply{other, {}, 0, 0, {}, {}};
    return ConfirmReply{other, "mine now", {}};
  });
  for (const auto& words : {std::vector<std::string>{"apply", candidate},
                            {"apply", candidate, "--policy", file},
                            {"confirm"},
                            {"confirm", "--policy", file}}) {
    const Ran ran = run_egressctl(daemon.socket(), words);
    EXPECT_EQ(ran.exit, Exit::failed);
    EXPECT_NE(ran.err.find("--policy PATH"), std::string::npos) << ran.err;
  }
  EXPECT_EQ(folder.read("shadow"), "secret");
  expect_unchanged();
}

TEST_F(ApplyCommand, WithConfirmNothingIsWritten) {
  const Ran ran = apply([this](const auto&) { return ApplyReply{file, {}, 2, 1, {}, 30}; },
                        {"--confirm", "30s"});
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_EQ(std::get<ApplyRequest>(requests.at(0)).confirm_s, 30);
  EXPECT_EQ(ran.out,
            "in force; entries added: 2, removed: 1\n"
            "reverts in 30s, also if this session ends; to keep it: egressctl confirm\n");
  expect_unchanged();
}

TEST_F(ApplyCommand, AWrongTimeOrFileIsRefusedBeforeAnythingIsSent) {
  const auto never = [](const auto&) { return ReloadReply{}; };
  for (const char* wrong : {"30", "2h", "soon"})
    EXPECT_EQ(apply(never, {"--confirm", wrong}).exit, Exit::usage) << wrong;
  std::filesystem::remove(candidate);
  EXPECT_EQ(apply(never).exit, Exit::failed);
  EXPECT_TRUE(requests.empty());
}

TEST_F(ApplyCommand, ConfirmWritesWhatTheDaemonGives) {
  std::string at_the_end;
  const FakeDaemon daemon([&](const control::Request& request) -> control::Reply {
    if (!std::get<ConfirmRequest>(request).is_written) return ConfirmReply{file, "tried", {}};
    at_the_end = folder.read("egressd.yaml");
    return ConfirmReply{file, "", {}};
  });
  const Ran ran = run_egressctl(daemon.socket(), {"confirm", "--policy", file});
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_EQ(at_the_end, "tried");
  EXPECT_EQ(folder.read("egressd.yaml.before"), "old");
}

TEST_F(ApplyCommand, AConfirmationThatComesTooLatePutsTheOldFileBack) {
  const FakeDaemon daemon([&](const control::Request& request) -> control::Reply {
    if (!std::get<ConfirmRequest>(request).is_written) return ConfirmReply{file, "tried", {}};
    return Refused{"invalid", "it has reverted"};
  });
  EXPECT_EQ(run_egressctl(daemon.socket(), {"confirm", "--policy", file}).exit, Exit::failed);
  expect_unchanged();
}

}  // namespace
}  // namespace egress::ctl
