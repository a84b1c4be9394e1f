#include "bench/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace egress::bench {
namespace {

// Characters, not bytes: UTF-8 continuation bytes take no column.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t columns) {
  return text + std::string(columns - std::min(columns, width(text)), ' ');
}

std::string verdict(bool is_met) {
  return is_met ? "met" : "**missed**";
}

}  // namespace

double elapsed(SteadyTime start) {
  return Milliseconds(now() - start).count();
}

double percentile(std::vector<double> values, int percent) {
  std::ranges::sort(values);
  const std::size_t at = values.size() * static_cast<std::size_t>(percent) / 100;
  return values[std::min(at, values.size() - 1)];
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> all;
  for (std::size_t i = 0; i < a.size(); ++i) all.push_back(a[i] / b[i]);
  return all;
}

std::vector<double> percentages(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> all = ratios(a, b);
  for (double& ratio : all) ratio *= 100;
  return all;
}

std::string number(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string at_most(double seen, double goal) {
  return verdict(seen <= goal);
}

std::string at_least(double seen, double goal) {
  return verdict(seen >= goal);
}

Table::Table(std::string title, Row header) : title_(std::move(title)), rows_{std::move(header)} {}

void Table::add(Row row) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

void Table::remark(std::string text) {
  remarks_.push_back(std::move(text));
}

Table::~Table() {
  std::vector<std::size_t> columns(rows_.front().size(), 3);
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) columns[i] = std::max(columns[i], width(row[i]));
  Row rule;
  for (const std::size_t column : columns) rule.emplace_back(column, '-');
  rows_.insert(rows_.begin() + 1, std::move(rule));
  std::printf("### %s\n\n", title_.c_str());
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      std::printf("| %s ", padded(row[i], columns[i]).c_str());
    std::printf("|\n");
  }
  for (const std::string& remark : remarks_) std::printf("\n%s\n", remark.c_str());
  std::printf("\n");
  std::fflush(stdout);
}

void must_hold(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("this does not hold: " + what);
}

int run_benchmark(int argc, char** argv, void (*body)(Effort),
                  void (*compare)(const std::filesystem::path&, Effort)) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  const auto effort = !words.empty() && words[0] == "--quick" ? Effort::quick : Effort::whole;
  const std::size_t rest = words.size() - (effort == Effort::quick ? 1 : 0);
  const bool compares = rest == 2 && words[words.size() - 2] == "--against" && compare != nullptr;
  if (rest > 0 && !compares) {
    std::fprintf(stderr, "usage: %s [--quick]%s\n", argv[0],
                 compare != nullptr ? " [--against PROGRAM]" : "");
    return 2;
  }
  try {
    compares ? compare(words.back(), effort) : body(effort);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}

}  // namespace egress::bench
