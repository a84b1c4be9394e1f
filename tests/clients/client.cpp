#include "clients/client.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace egress::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kAgent = 65533;
const fs::path kInstalled = CLIENTS_DIR;

std::string installed(const std::string& path) {
  return kInstalled / path;
}

fs::path make_home(const Client& client, const ProvidersWorld& world) {
  const fs::path home = world.lab().dir() / ("home-" + client.name);
  fs::remove_all(home);
  fs::create_directories(home);
  if (!client.config_path.empty()) {
    fs::create_directories((home / client.config_path).parent_path());
    std::ofstream(home / client.config_path) << client.config;
  }
  for (const auto& entry : fs::recursive_directory_iterator(home))
    if (chown(entry.path().c_str(), kAgent, kAgent) != 0) throw std::runtime_error("chown");
  if (chown(home.c_str(), kAgent, kAgent) != 0) throw std::runtime_error("chown");
  return home;
}

}  // namespace

std::vector<Client> all_clients() {
  return {
      {.name = "claude-code",
       .preset = "preset:claude-code",
       .words = {installed("@anthropic-ai/claude-code-linux-x64/claude"), "-p"},
       .environment = {"ANTHROPIC_API_KEY=lab"},
       .telemetry = ""},
      {.name = "codex",
       .preset = "preset:codex",
       .words = {installed("@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"),
                 "exec", "--skip-git-repo-check"},
       .environment = {"OPENAI_API_KEY=lab", "CODEX_API_KEY=lab"},
       .telemetry = "ab.chatgpt.com"},
      {.name = "gemini-cli",
       .preset = "preset:gemini-cli",
       .words = {"node", installed("@google/gemini-cli/bundle/gemini.js"), "--skip-trust", "-m",
                 "gemini-2.5-pro", "-p"},
       .environment = {"GEMINI_API_KEY=lab"},
       .telemetry = "play.googleapis.com"},
  };
}

Client client_named(const std::string& name) {
  for (Client& client : all_clients())
    if (client.name == name) return std::move(client);
  throw std::runtime_error("no client " + name);
}

Command start_of(const Client& client, const ProvidersWorld& world, const std::string& prompt) {
  if (!fs::exists(kInstalled))
    throw std::runtime_error("no clients: scripts/clients installs them");
  const fs::path home = make_home(client, world);
  Command command{.words = {"ip", "netns", "exec", world.lab().host(), "setpriv",
                            "--reuid=" + std::to_string(kAgent),
                            "--regid=" + std::to_string(kAgent), "--clear-groups", "env",
                            "--ignore-environment", "--chdir=" + home.string(),
                            "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home.string(),
                            "TERM=dumb", "NODE_EXTRA_CA_CERTS=" + world.ca().string(),
                            "SSL_CERT_FILE=" + world.ca().string()}};
  for (const auto* more : {&client.environment, &client.words})
    command.words.insert(command.words.end(), more->begin(), more->end());
  command.words.push_back(prompt);
  return command;
}

Finished ask(const Client& client, const ProvidersWorld& world, const std::string& prompt) {
  Command command = start_of(client, world, prompt);
  command.words.insert(command.words.begin(), {"timeout", "--kill-after=5", "90"});
  command.words.insert(command.words.begin(), {"sh", "-c", "exec \"$@\" </dev/null", "sh"});
  return run(std::move(command));
}

}  // namespace egress::test
