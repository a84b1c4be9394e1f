// Durations and civil time as people write them.
#pragma once

#include <string>
#include <string_view>

#include "egress/core/limits.hpp"
#include "egress/core/result.hpp"
#include "egress/core/time.hpp"

namespace egress {

// "5s", "15m", "1h", "2h30m", "7d", from the largest unit to the smallest: 1 s to `longest`.
Result<seconds> parse_duration(std::string_view text, seconds longest = limits::kLongestDuration);
// The same form; "0s" for nothing.
std::string print_duration(seconds duration);

// RFC 3339 in the one form "2026-12-01T00:00:00Z", years 1970 to 9999.
Result<WallTime> parse_wall_time(std::string_view text);
// A moment outside of those years becomes the nearest one inside.
std::string print_wall_time(WallTime time);

}  // namespace egress
