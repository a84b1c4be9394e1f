// The real clock. clock.cpp is the only file of the product that reads one.
#pragma once

#include <chrono>

#include "egress/core/time.hpp"

namespace egress::systemd {

// now() is CLOCK_BOOTTIME in whole milliseconds, wall() is CLOCK_REALTIME in whole seconds; both
// are rounded down.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall() const override;
  std::chrono::microseconds stopwatch() const override;
};

// CLOCK_MONOTONIC: what the service manager compares (sd_notify(3), MONOTONIC_USEC).
std::chrono::microseconds monotonic_now();

}  // namespace egress::systemd
