// The daemon under measurement, from outside: policies for it, and what /proc says about it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "support/lab.hpp"

namespace egress::bench {

// A policy that allows names 0 to count-1 of an Authority, asking the lab's resolver. `more` is
// YAML put before the list.
std::string policy_of(std::size_t count, const std::string& more = {});

// The only process on the lab's host. Throws if it is not alone.
pid_t daemon_pid(const test::Lab& lab);

// Of /proc/PID/status, in MiB.
struct Memory {
  double resident = 0;   // VmRSS: all pages in memory, those of shared libraries too
  double anonymous = 0;  // RssAnon: of these, its own data
  double peak = 0;       // VmHWM
};
Memory memory_of(pid_t pid);

struct Activity {
  std::uint64_t voluntary = 0;    // context switches: it was woken and went to sleep again
  std::uint64_t involuntary = 0;  // it was preempted
  double cpu = 0;                 // seconds, user and system
};
Activity activity_of(pid_t pid);
Activity operator-(const Activity& later, const Activity& earlier);

// Polls; throws with `what` if it does not come to hold within two minutes.
void wait_until(const std::string& what, const std::function<bool()>& holds);

}  // namespace egress::bench
