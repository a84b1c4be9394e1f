// The policy as it lies on disk: the main file, policy.d, the presets and the operator's additions.
#pragma once

#include <filesystem>
#include <memory>
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
  std::filesystem::path socket() const { return runtime_dir / "control.sock"; }
};

using LoadedPolicy = tl::expected<policy::Policy, policy::Problems>;

class PolicyStore {
 public:
  explicit PolicyStore(Paths paths);

  // Reads every file anew. On success later calls build on what was read; on failure nothing
  // changes.
  LoadedPolicy reload(WallTime now);
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
  tl::expected<std::vector<policy::Node>, policy::Problems> read_documents() const;
  tl::expected<std::vector<policy::Addition>, policy::Problems> read_additions() const;
  tl::expected<policy::Catalogue, policy::Problems> read_catalogue() const;

  Paths paths_;
  policy::NameRules rules_;
  policy::Catalogue catalogue_;
  policy::Policy files_;  // what the files say, without the additions
  std::vector<policy::Addition> additions_;
};

}  // namespace egress::daemon
