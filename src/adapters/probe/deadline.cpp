#include "adapters/probe/deadline.hpp"

#include <algorithm>

namespace egress::probe {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Deadline::Deadline(milliseconds from_now) : start_(Clock::now()), end_(start_ + from_now) {}

Deadline Deadline::within(milliseconds from_now) const {
  Deadline sooner(from_now);
  sooner.end_ = std::min(sooner.end_, end_);
  return sooner;
}

milliseconds Deadline::left() const {
  const auto rest = std::chrono::ceil<milliseconds>(end_ - Clock::now());
  return std::max(rest, milliseconds(0));
}

microseconds Deadline::elapsed() const {
  return std::chrono::duration_cast<microseconds>(Clock::now() - start_);
}

}  // namespace egress::probe
