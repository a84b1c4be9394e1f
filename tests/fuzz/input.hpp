// What all targets share: the input, taken from its front, and what happens when something does not
// hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace egress::fuzz {

using Span = std::span<const std::uint8_t>;

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline std::string_view as_text(Span octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// Gives zeros and short texts when nothing is left.
class Input {
 public:
  explicit Input(Span octets) : left_(octets) {}

  bool empty() const { return left_.empty(); }
  Span rest() const { return left_; }
  unsigned octet() { return left_.empty() ? 0 : take(1)[0]; }
  unsigned below(unsigned end) { return octet() % end; }
  unsigned u16() {
    const unsigned high = octet();
    return high * 256 + octet();
  }
  Span take(std::size_t octets) {
    const Span taken = left_.first(std::min(octets, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  // An octet with the length before it.
  Span counted() { return take(octet()); }

 private:
  Span left_;
};

}  // namespace egress::fuzz
