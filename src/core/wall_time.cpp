#include <algorithm>
#include <array>
#include <charconv>

#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"

namespace egress {
namespace {

namespace chrono = std::chrono;

constexpr std::string_view kShape = "0000-00-00T00:00:00Z";

bool has_shape(std::string_view text) {
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !is_digit : text[i] != kShape[i]) return false;
  }
  return true;
}

int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + digits, value);
  return value;
}

void append_padded(std::string& out, int value, std::size_t digits) {
  const std::string text = std::to_string(value);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out += text;
}

}  // namespace

Result<WallTime> parse_wall_time(std::string_view text) {
  const auto not_a_time = [text] {
    return fail(quoted(text) + " is not a time; accepted: UTC as 2026-12-01T00:00:00Z");
  };
  if (!has_shape(text)) return not_a_time();
  const chrono::year_month_day date{chrono::year(number(text, 0, 4)),
                                    chrono::month(static_cast<unsigned>(number(text, 5, 2))),
                                    chrono::day(static_cast<unsigned>(number(text, 8, 2)))};
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  const bool is_valid =
      date.ok() && date.year() >= chrono::year(1970) && hour < 24 && minute < 60 && second < 60;
  if (!is_valid) return not_a_time();
  return chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) + seconds(second);
}

std::string print_wall_time(WallTime time) {
  constexpr WallTime kLast = chrono::sys_days(chrono::year(10000) / 1 / 1) - seconds(1);
  time = std::clamp(time, WallTime{}, kLast);
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(midnight);
  const chrono::hh_mm_ss clock(time - midnight);
  struct Field {
    int value;
    std::size_t digits;
    std::string_view after;
  };
  const std::array fields{Field{static_cast<int>(date.year()), 4, "-"},
                          Field{static_cast<int>(static_cast<unsigned>(date.month())), 2, "-"},
                          Field{static_cast<int>(static_cast<unsigned>(date.day())), 2, "T"},
                          Field{static_cast<int>(clock.hours().count()), 2, ":"},
                          Field{static_cast<int>(clock.minutes().count()), 2, ":"},
                          Field{static_cast<int>(clock.seconds().count()), 2, "Z"}};
  std::string out;
  for (const auto& field : fields) {
    append_padded(out, field.value, field.digits);
    out += field.after;
  }
  return out;
}

}  // namespace egress
