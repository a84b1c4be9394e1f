// Answers that take minutes, while addresses change and egressd is started anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include "clients/client.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr int kPieces = 36;
constexpr auto kPause = 5s;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The pieces that are there, in their order.
int pieces_in(const std::string& text) {
  int count = 0;
  for (std::size_t at = 0; count < kPieces; ++count) {
    at = text.find("piece " + std::to_string(count) + ". ", at);
    if (at == std::string::npos) break;
  }
  return count;
}

TEST(Stream, OfMinutesIsWholeThroughRotationAndARestart) {
  const auto clients = all_clients();
  ProvidersWorld world;
  std::string allow =
      "version: 1\nresolvers: [10.77.0.1]\n"
      "limits: { min_ttl: 1s, max_ttl: 1h, grace: 5s }\nallow:\n";
  for (const Client& client : clients) allow += "  - '" + client.preset + "'\n";
  Daemon daemon(world.lab(), allow);
  const std::string prompt =
      "slowly " + std::to_string(kPieces) + ' ' + std::to_string(kPause.count());
  const auto start = std::chrono::steady_clock::now();
  std::vector<ChildProcess> running;
  const auto output_of = [&](const Client& client) {
    return world.lab().dir() / ("said-" + client.name);
  };
  for (const Client& client : clients) {
    Command command = start_of(client, world, prompt);
    command.words.insert(command.words.begin(), {"sh", "-c", "exec \"$@\" </dev/null", "sh"});
    command.output = output_of(client);
    running.emplace_back(command);
  }
  bool is_restarted = false;
  const auto are_through = [&] {
    return std::ranges::all_of(running, [](const auto& process) { return process.has_ended(); });
  };
  while (!are_through() && std::chrono::steady_clock::now() < start + 2 * kPieces * kPause) {
    std::this_thread::sleep_for(kPause);
    world.rotate();
    if (is_restarted || std::chrono::steady_clock::now() < start + 60s) continue;
    daemon.terminate();
    daemon.start();
    is_restarted = true;
  }
  EXPECT_TRUE(is_restarted);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string said = content(output_of(clients[i]));
    ASSERT_TRUE(running[i].has_ended()) << clients[i].name << said;
    EXPECT_EQ(running[i].wait(), 0) << clients[i].name;
    EXPECT_EQ(pieces_in(said), kPieces) << clients[i].name << ": " << said;
    EXPECT_NE(said.find(kAnswer), std::string::npos) << clients[i].name;
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, kPieces * kPause);
  EXPECT_EQ(daemon.ask<control::RefusalsReply>(control::RefusalsRequest{}).refused_packets, 0U);
}

}  // namespace
}  // namespace egress::test
