// Durations in print.
#pragma once

#include <cstdint>
#include <string>

namespace egress::ctl {

// The two largest units: "14m 3s", "2d 4h", "0s".
std::string print_seconds(std::int64_t seconds);

// "0.13 ms", "4.2 ms", "1.3 s".
std::string print_microseconds(std::int64_t microseconds);

}  // namespace egress::ctl
