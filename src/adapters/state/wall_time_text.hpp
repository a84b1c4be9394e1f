// Civil time as RFC 3339 writes it, in the one form "2026-01-31T23:59:59Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "egress/core/time.hpp"

namespace egress::state {

// Years outside of 0 to 9999 become the nearest moment inside.
std::string print_wall_time(WallTime time);
// Empty for any other form, and for dates that do not exist.
std::optional<WallTime> parse_wall_time(std::string_view text);

}  // namespace egress::state
