// An agent as a user without rights starts it, with a home of its own and one prompt.
#pragma once

#include <string>
#include <vector>

#include "clients/world.hpp"

namespace egress::test {

struct Client {
  std::string name;
  std::string preset;  // its own
  std::vector<std::string> words;
  std::vector<std::string> environment;
  std::string
      telemetry;  // a host that it sends figures to, which is in no preset; empty: that of its API
  std::string config_path = {};  // below its home
  std::string config = {};
};

// Claude Code, Codex and the Gemini CLI, each with an API key.
std::vector<Client> all_clients();
Client client_named(const std::string& name);

inline constexpr const char* kAnswer = "The lab answers.";

// The command that gives it the prompt on the lab's host. Its home is empty.
Command start_of(const Client& client, const ProvidersWorld& world, const std::string& prompt);
// The same, to the end.
Finished ask(const Client& client, const ProvidersWorld& world, const std::string& prompt);

}  // namespace egress::test
