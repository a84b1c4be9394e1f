// The installed product under a systemd that really booted.
#pragma once

#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/lab.hpp"

namespace egress::test {

// A booted container with the release build installed and its unit enabled.
class Machine {
 public:
  // On the network of that namespace; empty: on none. Throws where there is no release build, or
  // it does not boot.
  explicit Machine(const std::string& netns = "");
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Finished execute(std::vector<std::string> words) const;
  // Shell commands; throws when they fail.
  void configure(const std::string& commands) const;
  // Of egressd's unit.
  std::string property(const std::string& name) const;
  bool becomes_active() const;
  bool has_table() const;
  // One question for a name that is not allowed, asked once and waited for.
  bool is_refused_by_the_guard() const;
  std::string journal() const;

 private:
  std::string init_;
};

}  // namespace egress::test
