#include <array>
#include <charconv>

#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"

namespace egress {
namespace {

struct Unit {
  char letter;
  seconds length;
};
constexpr std::array kUnits{Unit{'d', std::chrono::days(1)}, Unit{'h', std::chrono::hours(1)},
                            Unit{'m', std::chrono::minutes(1)}, Unit{'s', seconds(1)}};

constexpr std::size_t kMostDigits = 9;  // so that no product overflows

// Takes "NUMBER letter" off the front of `rest`; 0 when it does not begin with one.
seconds take(std::string_view& rest, const Unit& unit) {
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0 || digits > kMostDigits || digits == rest.size()) return seconds(0);
  if (rest[digits] != unit.letter) return seconds(0);
  std::int64_t count = 0;
  std::from_chars(rest.data(), rest.data() + digits, count);
  rest.remove_prefix(digits + 1);
  return count * unit.length;
}

}  // namespace

Result<seconds> parse_duration(std::string_view text, seconds longest) {
  seconds total(0);
  std::string_view rest = text;
  for (const auto& unit : kUnits) total += take(rest, unit);
  if (rest.empty() && total > seconds(0) && total <= longest) return total;
  return fail(quoted(text) + " is not a duration; accepted: 5s, 15m, 2h30m, 7d, up to " +
              print_duration(longest));
}

std::string print_duration(seconds duration) {
  std::string out;
  for (const auto& unit : kUnits) {
    const auto count = duration / unit.length;
    if (count != 0) out += std::to_string(count) + unit.letter;
    duration -= count * unit.length;
  }
  return out.empty() ? "0s" : out;
}

}  // namespace egress
