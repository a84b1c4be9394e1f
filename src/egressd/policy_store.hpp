// The policy as it lies on disk: the main file, policy.d, the presets and the operator's additions.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::daemon {

struct Paths {
  std::filesystem::path config = "/etc/egressd/egressd.yaml";
  std::filesystem::path state_dir = "/var/lib/egressd";
  std::filesystem::path runtime_dir = "/run/egressd";
  std::filesystem::path rules_dir = "/usr/share/egressd/rules";

  std::filesystem::path policy_dir() const { return config.parent_path() / "policy.d"; }
  std::filesystem::path additions() const { return state_dir / "additions.yaml"; }
  std::filesystem::path known_addresses() const { return state_dir / "known-addresses"; }
  std::filesystem::path last_good_policy() const { return state_dir / "last-good-policy.yaml"; }
  std::filesystem::path panic() const { return state_dir / "panic"; }
  std::filesystem::path socket() const { return runtime_dir / "control.sock"; }
};

using LoadedPolicy = tl::expected<policy::Policy, policy::Problems>;

// What is read in place of the main policy file.
struct MainText {
  std::string text;
  std::string source;  // where it comes from, for problems and origins
};

class PolicyStore {
 public:
  explicit PolicyStore(Paths paths);

  // Reads every file anew. On success later calls build on what was read; on failure nothing
  // changes.
  LoadedPolicy reload(WallTime now);
  // The same with a text in place of the main file; it may still be taken back by revert().
  LoadedPolicy try_out(const MainText& main, WallTime now);
  // Back to what was read before try_out(), with the additions as they are now.
  LoadedPolicy revert(WallTime now);
  // What reload() would give with this text in place of the main file. Changes nothing.
  LoadedPolicy check(const MainText& main, WallTime now) const;
  // Whether this is the text of the main file.
  bool stands_on_disk(const std::string& text) const;
  // Reads the files without the additions, which are not for everybody to read. Changes nothing.
  LoadedPolicy check(WallTime now) const;
  // The policy that the last successful run left behind; for a start with a broken file.
  LoadedPolicy load_last_good(WallTime now);
  // The policy with other additions, on top of the files that were read last.
  LoadedPolicy with_additions(const std::vector<policy::Addition>& additions, WallTime now) const;

  const std::vector<policy::Addition>& additions() const { return additions_; }
  Result<void> keep_additions(std::vector<policy::Addition> additions);
  Result<void> keep_last_good(const policy::Policy& policy) const;

  Result<policy::Target> parse_target(const std::string& text) const;
  const Paths& paths() const { return paths_; }

 private:
  struct Files {
    policy::Catalogue catalogue;
    policy::Policy policy;  // what the files say, without the additions
  };
  struct Reading {
    Files files;
    std::vector<policy::Addition> additions;
    policy::Policy policy;
  };
  // `main`: null for the file itself.
  tl::expected<Reading, policy::Problems> read(const MainText* main, WallTime now) const;
  LoadedPolicy take(Reading reading);
  tl::expected<std::vector<policy::Node>, policy::Problems> read_documents(
      const MainText* main) const;
  tl::expected<std::vector<policy::Addition>, policy::Problems> read_additions() const;

  Paths paths_;
  policy::NameRules rules_;
  Files files_;
  std::optional<Files> before_;  // try_out()
  std::vector<policy::Addition> additions_;
};

}  // namespace egress::daemon
