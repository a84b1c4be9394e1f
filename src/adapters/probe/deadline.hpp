// How long a probe may take, and how long it took. The probes' only clock (CLOCK_MONOTONIC).
#pragma once

#include <chrono>

namespace egress::probe {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds from_now);
  // The earlier of this deadline and `from_now`; measures elapsed time from now on.
  Deadline within(std::chrono::milliseconds from_now) const;

  std::chrono::milliseconds left() const;  // rounded up; 0 when passed
  bool passed() const { return left().count() == 0; }
  std::chrono::microseconds elapsed() const;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_;
  Clock::time_point end_;
};

}  // namespace egress::probe
