// Time that passes only when a test says so.
#pragma once

#include "egress/core/time.hpp"

namespace egress::test {

class FakeClock : public Clock {
 public:
  Instant now() const override { return Instant{passed_}; }
  WallTime wall() const override {
    return kStart + std::chrono::duration_cast<seconds>(passed_ - kBooted) + stepped_;
  }
  std::chrono::microseconds stopwatch() const override { return passed_; }
  void advance(milliseconds duration) { passed_ += duration; }
  // Somebody sets the civil clock.
  void step_wall(seconds by) { stepped_ += by; }

 private:
  static constexpr milliseconds kBooted = std::chrono::hours(1);
  static constexpr WallTime kStart{seconds{1'800'000'000}};
  milliseconds passed_ = kBooted;
  seconds stepped_{0};
};

}  // namespace egress::test
