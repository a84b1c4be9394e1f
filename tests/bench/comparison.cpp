#include "bench/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace egress::bench {
namespace {

constexpr double kMostLoss = 2;  // percent

struct Estimate {
  double middle;     // the median
  double error;      // by how much at most it is wrong in 19 of 20 cases, for normal values
  double low, high;  // the middle half of the values
};

Estimate estimate(const std::vector<double>& all) {
  const double low = percentile(all, 25);
  const double high = percentile(all, 75);
  const double error =
      1.96 * 1.253 * (high - low) / 1.349 / std::sqrt(static_cast<double>(all.size()));
  return {median(all), error, low, high};
}

// "98.5 % ± 0.4 (96 to 101)"
std::string text(const Estimate& seen) {
  return number(seen.middle, 1) + " % ± " + number(seen.error, 1) + " (" + number(seen.low, 0) +
         " to " + number(seen.high, 0) + ")";
}

// `loss`: by how many percent it is worse than before.
std::string verdict(double loss, double error) {
  if (std::abs(loss - kMostLoss) < error) return "unclear";
  return at_most(loss, kMostLoss);
}

}  // namespace

std::vector<double> pick(const std::vector<Cost>& costs, double Cost::*which) {
  std::vector<double> all;
  for (const Cost& cost : costs) all.push_back(cost.*which);
  return all;
}

Comparison::Comparison(const std::string& title)
    : table_(title, {"operation", "pairs", "before, µs", "now, µs", "speed, of before", "goal", "",
                     "CPU before, µs", "CPU now, µs", "CPU, of before", "goal", ""}) {}

void Comparison::add(const std::string& operation, const Pairs& pairs) {
  const auto before = pick(pairs.before, &Cost::wall);
  const auto now = pick(pairs.now, &Cost::wall);
  const Estimate speed = estimate(percentages(before, now));
  Table::Row row{operation,
                 std::to_string(now.size()),
                 number(median(before), 2),
                 number(median(now), 2),
                 text(speed),
                 "≥ " + number(100 - kMostLoss, 0) + " %",
                 verdict(100 - speed.middle, speed.error)};
  const auto cpu_before = pick(pairs.before, &Cost::cpu);
  const auto cpu_now = pick(pairs.now, &Cost::cpu);
  if (median(cpu_before) > 0) {
    const Estimate cpu = estimate(percentages(cpu_now, cpu_before));
    const Table::Row more{number(median(cpu_before), 2), number(median(cpu_now), 2), text(cpu),
                          "≤ " + number(100 + kMostLoss, 0) + " %",
                          verdict(cpu.middle - 100, cpu.error)};
    row.insert(row.end(), more.begin(), more.end());
  }
  table_.add(std::move(row));
}

}  // namespace egress::bench
