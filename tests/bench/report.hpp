// What the benchmarks share: repeated measurements in brief, and tables as Markdown.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace egress::bench {

using SteadyTime = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::duration<double, std::milli>;

inline SteadyTime now() {
  return std::chrono::steady_clock::now();
}
// Since `start`, in milliseconds.
double elapsed(SteadyTime start);

template <class Work>
double time_of(Work work) {
  const SteadyTime start = now();
  work();
  return elapsed(start);
}

// The value that `percent` of the values do not exceed; 50: the median. `values` is not empty.
double percentile(std::vector<double> values, int percent);
double median(std::vector<double> values);

// Of values that belong together, one by one: what changes from round to round falls out.
std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b);
std::vector<double> percentages(const std::vector<double>& a, const std::vector<double>& b);

std::string number(double value, int decimals);
// "met", or "missed" in bold.
std::string at_most(double seen, double goal);
std::string at_least(double seen, double goal);

// Printed to standard output when it goes out of scope.
class Table {
 public:
  using Row = std::vector<std::string>;
  Table(std::string title, Row header);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void add(Row row);
  // A sentence below the table.
  void remark(std::string text);

 private:
  std::string title_;
  std::vector<Row> rows_;  // the header first
  std::vector<std::string> remarks_;
};

// What must hold on any machine, however slow: ends the benchmark with `what` where it does not.
// A goal that is missed does not.
void must_hold(bool holds, const std::string& what);

// With --quick on the command line, for few and short runs.
enum class Effort { whole, quick };

// Runs a benchmark: `body`, or with `--against FILE` its comparison with another build, whose
// program FILE is. What these throw ends the program with 1.
int run_benchmark(int argc, char** argv, void (*body)(Effort),
                  void (*compare)(const std::filesystem::path&, Effort) = nullptr);

}  // namespace egress::bench
