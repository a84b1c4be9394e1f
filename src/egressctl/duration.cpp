#include "egressctl/duration.hpp"

#include <array>
#include <cstdio>
#include <iterator>

namespace egress::ctl {
namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}}};

}  // namespace

std::string print_seconds(std::int64_t seconds) {
  for (const Unit* unit = kUnits.begin(); unit != kUnits.end(); ++unit) {
    if (seconds < unit->seconds) continue;
    std::string text = std::to_string(seconds / unit->seconds) + unit->letter;
    const Unit* next = std::next(unit);
    const std::int64_t rest = seconds % unit->seconds;
    if (next == kUnits.end() || rest < next->seconds) return text;
    return text + " " + std::to_string(rest / next->seconds) + next->letter;
  }
  return "0s";
}

std::string print_microseconds(std::int64_t microseconds) {
  const double milliseconds = static_cast<double>(microseconds) / 1'000;
  std::array<char, 32> text{};
  const char* format = milliseconds < 1 ? "%.2f ms" : "%.1f ms";
  if (milliseconds >= 1'000) {
    std::snprintf(text.data(), text.size(), "%.1f s", milliseconds / 1'000);
  } else {
    std::snprintf(text.data(), text.size(), format, milliseconds);
  }
  return text.data();
}

}  // namespace egress::ctl
