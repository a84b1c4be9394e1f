#include "bench/cost.hpp"

#include <ctime>
#include <system_error>

namespace egress::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0)
    throw std::system_error(errno, std::generic_category(), "clock_gettime");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

double thread_cpu() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double process_cpu(pid_t pid) {
  clockid_t clock{};
  if (const int error = clock_getcpuclockid(pid, &clock))
    throw std::system_error(error, std::generic_category(), "clock_getcpuclockid");
  return seconds_of(clock);
}

}  // namespace egress::bench
