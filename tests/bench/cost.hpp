// What an operation costs: time on the clock, and on the processor. The latter is what a machine
// that others use tells truly.
#pragma once

#include <sys/types.h>

#include "bench/report.hpp"

namespace egress::bench {

// Seconds that the calling thread, or all threads of a process, have had the processor so far.
double thread_cpu();
double process_cpu(pid_t pid);

struct Cost {
  double wall = 0;  // microseconds for each operation
  double cpu = 0;   // likewise; 0: not known
};

// Of `count` operations, which `work` does in the calling thread.
template <class Work>
Cost cost_of(std::size_t count, Work work) {
  const double before = thread_cpu();
  const double wall = time_of(work);
  const auto operations = static_cast<double>(count);
  return {1e3 * wall / operations, 1e6 * (thread_cpu() - before) / operations};
}

}  // namespace egress::bench
