// Programs started by tests, optionally inside a named network namespace.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace egress::test {

struct Command {
  std::vector<std::string> words;             // words[0] is a path, or found along PATH
  std::string netns = {};                     // below /run/netns; empty: ours
  std::vector<std::string> environment = {};  // NAME=value, added to ours
  std::filesystem::path output = {};  // standard output and error are appended here; empty: ours
  uid_t user = 0;                     // and its group of the same number; 0: as we are
};

// A running program. Killed and reaped when this goes out of scope; dies also with the thread that
// started it.
class ChildProcess {
 public:
  ChildProcess() = default;
  explicit ChildProcess(const Command& command);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }  // 0: none
  void signal(int number) const;      // nothing without a process
  // Whether it has ended by itself; wait() tells how.
  bool has_ended() const;
  // Waits for the end. The exit code, or 128 + signal.
  int wait();

 private:
  pid_t pid_ = 0;
};

struct Finished {
  int exit_code = 0;
  std::string output;  // standard output and error, as they came
};
// Runs to the end; `command.output` is ignored.
Finished run(Command command);

}  // namespace egress::test
