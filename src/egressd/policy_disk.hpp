// The files that a policy is made of, as they are read from disk. What they say is judged
// elsewhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapters/state/policy_files.hpp"
#include "egress/policy/accepted.hpp"

namespace egress::daemon {

struct Paths {
  std::filesystem::path config = "/etc/egressd/egressd.yaml";
  std::filesystem::path state_dir = "/var/lib/egressd";
  std::filesystem::path runtime_dir = "/run/egressd";
  std::filesystem::path rules_dir = "/usr/share/egressd/rules";
  std::string system_root;  // below it stand the time services' configurations; empty: /

  std::filesystem::path policy_dir() const { return config.parent_path() / "policy.d"; }
  std::filesystem::path additions() const { return state_dir / "additions.yaml"; }
  std::filesystem::path known_addresses() const { return state_dir / "known-addresses"; }
  std::filesystem::path last_good_policy() const { return state_dir / "last-good-policy.yaml"; }
  std::filesystem::path panic() const { return state_dir / "panic"; }
  std::filesystem::path socket() const { return runtime_dir / "control.sock"; }
};

// What is read in place of the main policy file.
struct MainText {
  std::string text;
  std::string source;  // where it comes from, for problems and origins
};

template <class T>
using Read = tl::expected<T, policy::Problems>;

// The main file and policy.d; `main`: null for the file itself.
Read<std::vector<state::PolicyFile>> read_texts(const Paths& paths, const MainText* main);
std::uint64_t digest_of(const std::vector<state::PolicyFile>& texts);
Read<std::vector<policy::Node>> parse_texts(const std::vector<state::PolicyFile>& texts);

// Those of an absent file are none.
Read<std::vector<policy::Addition>> read_additions(const Paths& paths);
Result<void> write_additions(const Paths& paths, const std::vector<policy::Addition>& additions);

// Empty: no policy was ever accepted.
Read<std::optional<policy::Accepted>> read_last_good(const Paths& paths, WallTime now);
Result<void> write_last_good(const Paths& paths, const policy::Accepted& accepted);

}  // namespace egress::daemon
