#include "adapters/state/wall_time_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace egress::state {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";

bool has_form(std::string_view text) {
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    return form == 'd' ? '0' <= c && c <= '9' : c == form;
  });
}

int number(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

}  // namespace

std::string print_wall_time(WallTime time) {
  constexpr WallTime kFirst = sys_days(std::chrono::year(0) / 1 / 1);
  constexpr WallTime kLast = sys_days(std::chrono::year(10000) / 1 / 1) - seconds(1);
  time = std::clamp(time, kFirst, kLast);
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()));
  return text.data();
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
  if (!has_form(text)) return {};
  const auto part = [&](std::size_t at, std::size_t size) { return number(text.substr(at, size)); };
  const year_month_day date{std::chrono::year(part(0, 4)),
                            std::chrono::month(static_cast<unsigned>(part(5, 2))),
                            std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  const int hour = part(11, 2), minute = part(14, 2), second = part(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return {};
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

}  // namespace egress::state
