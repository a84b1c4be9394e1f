#include "egressctl/duration.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iterator>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::ctl {
namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t kLongest = std::chrono::seconds(limits::kLongestGrant).count();

// Takes "15m" off the front of `text`. Units must become smaller: `allowed` is what is left of
// kUnits.
bool take_part(std::string_view& text, const Unit*& allowed, std::int64_t& sum) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0 || count > kLongest) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (allowed != kUnits.end() && (text.empty() || allowed->letter != text.front())) ++allowed;
  if (allowed == kUnits.end()) return false;
  text.remove_prefix(1);
  sum += count * allowed++->seconds;
  return true;
}

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const Unit* allowed = kUnits.begin();
  std::int64_t sum = 0;
  do {
    if (!take_part(rest, allowed, sum)) {
      return fail(egress::quoted(text) +
                  " is not a duration; write it like 90s, 15m, 2h, 1d or 1h30m");
    }
  } while (!rest.empty());
  if (sum < 1 || sum > kLongest)
    return fail(egress::quoted(text) + " is out of range: 1s to " + print_seconds(kLongest));
  return sum;
}

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
