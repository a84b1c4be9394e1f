// A booted container with the release build installed and its units enabled.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.hpp"
#include "support/lab.hpp"

namespace egress::test {

// Files that a machine has when it boots.
class MachineFiles {
 public:
  MachineFiles();
  ~MachineFiles();
  MachineFiles(const MachineFiles&) = delete;
  MachineFiles& operator=(const MachineFiles&) = delete;

  // `path` is the machine's, without the leading slash.
  void write(const std::filesystem::path& path, std::string_view text) const;
  void copy(const std::filesystem::path& from, const std::filesystem::path& path) const;
  // A unit of the machine's own, started at boot by sysinit.target.
  void add_unit(const std::string& name, std::string_view text) const;
  void add_drop_in(const std::string& unit, std::string_view text) const;
  void mask(const std::string& unit) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

struct MachineOptions {
  std::filesystem::path files = {};  // laid over the tree
  std::string far = {};              // the namespace that its link, host0, ends in; empty: no link
  std::string in = {};               // the namespace whose network it has; empty: one of its own
  std::vector<std::string> nspawn = {};  // further options of systemd-nspawn(1)
  bool has_product = true;
};

class Machine {
 public:
  explicit Machine(const MachineOptions& options = {});
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Shuts down in order, and boots on a kernel without tables.
  void reboot();
  // The same without a shutdown.
  void power_cycle();

  std::string netns() const;
  Finished execute(std::vector<std::string> words) const;
  Finished shell(const std::string& script) const {
    return execute({"env", "--chdir=/", "sh", "-c", script});
  }
  // Shell commands; throws when they fail. Their output.
  std::string configure(const std::string& commands) const;
  std::string property(const std::string& name, const std::string& unit = "egressd.service") const;
  bool becomes_active(const std::string& unit = "egressd.service") const;
  bool has_table() const;
  // One question for a name that is not allowed, asked once and waited for.
  bool is_refused_by_the_guard() const;
  std::string journal(const std::string& unit = "egressd.service") const;

 private:
  void boot(std::vector<std::string> words);
  std::string init_;
};

}  // namespace egress::test
