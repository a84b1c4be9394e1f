// The DNS guards of two builds side by side.
#pragma once

#include "bench/report.hpp"

namespace egress::bench {

// `before`: the egressd to compare with.
void compare_dns(const std::filesystem::path& before, Effort effort);

}  // namespace egress::bench
