// Civil time as text: RFC 3339, UTC, whole seconds, years 1970 to 9999.
#pragma once

#include <string>
#include <string_view>

#include "egress/core/result.hpp"
#include "egress/core/time.hpp"

namespace egress::policy {

Result<WallTime> parse_wall_time(std::string_view text);  // "2026-12-01T00:00:00Z", nothing else
std::string print_wall_time(WallTime time);

}  // namespace egress::policy
