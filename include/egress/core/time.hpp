// Time as the core sees it. `now` is always a parameter; only src/adapters/systemd/clock.cpp reads
// a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace egress {

using std::chrono::milliseconds;
using std::chrono::seconds;

// CLOCK_BOOTTIME: monotonic, and goes on while the host is suspended. Has no now() on purpose.
struct BootClock {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = milliseconds;
  using time_point = std::chrono::time_point<BootClock, milliseconds>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;
inline constexpr Instant kNever = Instant::max();

// Civil time (UTC). Used only for what outlives a boot: the state files and messages to people.
using WallTime = std::chrono::sys_seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
  // CLOCK_MONOTONIC, for figures that people are shown; nothing is decided by it.
  virtual std::chrono::microseconds stopwatch() const = 0;
};

}  // namespace egress
