// This build beside another one. They do the same in many short turns; what counts are
// the ratios within the pairs, since what changes from pair to pair falls out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/cost.hpp"

namespace egress::bench {

// What the two did, pair by pair.
struct Pairs {
  std::vector<Cost> before, now;
};

std::vector<double> pick(const std::vector<Cost>& costs, double Cost::*which);

// One turn of `before`, one of `now`, the other way round in the next pair, `count` pairs.
template <class Before, class Now>
void take_turns(int count, Before before, Now now) {
  for (int i = 0; i < count; ++i) {
    if (i % 2 == 0) before();
    now();
    if (i % 2 != 0) before();
  }
}

// A table of operations, each with its verdict: whether it has lost more than 2 % of its speed, or
// takes more than 2 % more of the processor; "unclear" where the values spread too far to tell.
class Comparison {
 public:
  explicit Comparison(const std::string& title);
  void add(const std::string& operation, const Pairs& pairs);
  void remark(std::string text) { table_.remark(std::move(text)); }

 private:
  Table table_;
};

}  // namespace egress::bench
