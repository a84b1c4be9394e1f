#include "adapters/systemd/clock.hpp"

#include <time.h>

namespace egress::systemd {
namespace {

std::chrono::nanoseconds read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Instant SystemClock::now() const {
  return Instant(std::chrono::floor<milliseconds>(read(CLOCK_BOOTTIME)));
}

WallTime SystemClock::wall() const {
  return WallTime(std::chrono::floor<seconds>(read(CLOCK_REALTIME)));
}

std::chrono::microseconds SystemClock::stopwatch() const {
  return monotonic_now();
}

std::chrono::microseconds monotonic_now() {
  return std::chrono::floor<std::chrono::microseconds>(read(CLOCK_MONOTONIC));
}

}  // namespace egress::systemd
