// The processor time that a process has used, proc(5).
#pragma once

#include <sys/types.h>

#include <chrono>

namespace egress::test {

// In clock ticks of some milliseconds, of user and system together.
struct ProcessTimes {
  std::chrono::microseconds own{};
  std::chrono::microseconds of_children{};  // those that it has waited for
};
// Throws if the process has ended.
ProcessTimes process_times(pid_t pid);

}  // namespace egress::test
