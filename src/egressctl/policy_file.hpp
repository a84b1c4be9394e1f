// The policy file that apply and confirm write.
#pragma once

#include <string>

#include "egress/core/result.hpp"

namespace CLI {
class App;
}

namespace egress::ctl {

// Where egressd has its policy unless told otherwise.
inline constexpr const char* kPolicyFile = "/etc/egressd/egressd.yaml";

// What egressd itself would read of it.
Result<std::string> read_policy(const std::string& path);

// --policy PATH, by default kPolicyFile.
void add_policy_option(CLI::App& command, std::string& path);
// egressctl writes as root, the daemon is not root: it has no say in which file that is.
Result<void> expect_policy_file(const std::string& expected, const std::string& told);

// The daemon's policy file with another text in place of the old one.
class ReplacedPolicy {
 public:
  // As a whole or not at all; mode and owner stay. The old text is kept as PATH.before, unless it
  // is the same: then nothing is written.
  static Result<ReplacedPolicy> write(const std::string& path, const std::string& text);
  Result<void> undo() const;
  std::string before() const { return path_ + ".before"; }
  bool has_changed() const { return has_changed_; }

 private:
  ReplacedPolicy(std::string path, std::string old)
      : path_(std::move(path)), old_(std::move(old)) {}

  std::string path_;
  std::string old_;
  bool has_changed_ = true;
};

}  // namespace egress::ctl
