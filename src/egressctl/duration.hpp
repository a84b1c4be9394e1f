// Durations on the command line and in print.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress::ctl {

// "90s", "15m", "2h", "1d", "1h30m" in seconds: positive, at most limits::kLongestGrant.
Result<std::int64_t> parse_duration(std::string_view text);

// The two largest units: "14m 3s", "2d 4h", "0s".
std::string print_seconds(std::int64_t seconds);

// "0.13 ms", "4.2 ms", "1.3 s".
std::string print_microseconds(std::int64_t microseconds);

}  // namespace egress::ctl
