// One prompt of each agent, with its preset and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "clients/client.hpp"
#include "support/probe.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using Duration = std::chrono::duration<double>;

bool has_answered(const Finished& finished) {
  return finished.exit_code == 0 && finished.output.find(kAnswer) != std::string::npos;
}

class Prompt : public testing::TestWithParam<const char*> {
 protected:
  // How long it took.
  Duration timed(const ProvidersWorld& world, const Client& client) {
    const auto start = std::chrono::steady_clock::now();
    const Finished finished = ask(client, world, "Hello");
    EXPECT_TRUE(has_answered(finished)) << finished.output;
    return std::chrono::steady_clock::now() - start;
  }
  // Questions that the guard refused.
  static std::uint64_t refused(const Daemon& daemon) {
    for (const auto& count : daemon.ask<control::DnsReply>(control::DnsRequest{}).counts)
      if (count.verdict == "refused") return count.questions;
    return 0;
  }
};

TEST_P(Prompt, IsAnsweredWithThePresetAloneAndFiguresReachNobody) {
  const Client client = client_named(GetParam());
  const ProvidersWorld world;
  const Finished open = ask(client, world, "Hello");
  ASSERT_TRUE(has_answered(open)) << open.output;
  const std::size_t before = world.requests_to(client.telemetry);
  if (!client.telemetry.empty()) {
    ASSERT_GT(before, 0U) << "it sends none";
  }

  const Daemon daemon(world.lab(), policy_of(client.preset));
  const Finished held = ask(client, world, "Hello");
  EXPECT_TRUE(has_answered(held)) << held.output;
  if (client.telemetry.empty()) return;
  EXPECT_EQ(world.requests_to(client.telemetry), before);
  EXPECT_GT(refused(daemon), 0U);
}

TEST_P(Prompt, FailsWithThePresetOfAnother) {
  const Client client = client_named(GetParam());
  const ProvidersWorld world;
  const Daemon daemon(world.lab(), policy_of("preset:npm"));
  Client hasty = client;
  hasty.words.insert(hasty.words.begin(), {"timeout", "20"});
  const Finished held = ask(hasty, world, "Hello");
  EXPECT_FALSE(has_answered(held)) << held.output;
}

// The fastest of several runs on either side, in turns, so that what else the machine does is left
// out.
TEST_P(Prompt, TakesNoLongerThanWithoutEgressd) {
  constexpr int kMost = 12;
  constexpr double kAllowed = 1.05;
  const Client client = client_named(GetParam());
  const ProvidersWorld open;
  const ProvidersWorld held;
  const Daemon daemon(held.lab(), policy_of(client.preset));
  Duration fastest_open = Duration::max();
  Duration fastest_held = Duration::max();
  int runs = 0;
  do {
    fastest_open = std::min(fastest_open, timed(open, client));
    fastest_held = std::min(fastest_held, timed(held, client));
    ++runs;
  } while (runs < 3 || (fastest_held > kAllowed * fastest_open && runs < kMost));
  EXPECT_LE(fastest_held / fastest_open, kAllowed);
  std::cout << client.name << ": " << fastest_open.count() << " s open, " << fastest_held.count()
            << " s held, of " << runs << " pairs\n";
}

INSTANTIATE_TEST_SUITE_P(Of, Prompt, testing::Values("claude-code", "codex", "gemini-cli"),
                         [](const auto& client) {
                           std::string name = client.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// What the notes of the preset openai say.
TEST(CodexWithAnApiKey, WaitsForTheSignInUnlessItIsTold) {
  Client codex = client_named("codex");
  const ProvidersWorld world;
  const Daemon daemon(world.lab(), policy_of("preset:openai"));
  const auto timed = [&] {
    const auto start = std::chrono::steady_clock::now();
    const Finished finished = ask(codex, world, "Hello");
    EXPECT_TRUE(has_answered(finished)) << finished.output;
    return Duration(std::chrono::steady_clock::now() - start);
  };
  const Duration plain = timed();
  codex.config_path = ".codex/config.toml";
  codex.config = "openai_base_url = \"https://api.openai.com/v1\"\n";
  const Duration told = timed();
  EXPECT_GT(plain, 5s);
  EXPECT_LT(told, 5s);
  std::cout << "codex: " << plain.count() << " s, told " << told.count() << " s\n";
}

// What the notes of the preset claude-code say: its first start asks where it signs in.
TEST(ClaudeCode, StartsOnATerminalWithItsPresetAndNotWithThatOfTheApi) {
  Client claude = client_named("claude-code");
  claude.words = {"timeout",
                  "15",
                  "script",
                  "--quiet",
                  "--return",
                  "--command",
                  "stty cols 200 rows 50; " + claude.words.front(),
                  "/dev/null"};
  claude.environment.push_back("SHELL=/bin/sh");
  constexpr const char* kStops = "ENOTFOUND";
  const ProvidersWorld world;
  const auto screen = [&](const std::string& target) {
    const Daemon daemon(world.lab(), policy_of(target));
    Command command = start_of(claude, world, "");
    command.words.pop_back();
    std::ranges::replace(command.words, std::string("TERM=dumb"), std::string("TERM=xterm"));
    return run(std::move(command)).output;
  };
  EXPECT_NE(screen("preset:anthropic").find(kStops), std::string::npos);
  const std::string started = screen("preset:claude-code");
  EXPECT_EQ(started.find(kStops), std::string::npos) << started;
  EXPECT_NE(started.find("Monokai"), std::string::npos) << "its choice of colours: " << started;
  EXPECT_GT(world.requests_to("platform.claude.com"), 0U);
}

}  // namespace
}  // namespace egress::test
