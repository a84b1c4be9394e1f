// Observations as text, for the pipe between a process that probes and the one that judges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/probe/observation.hpp"
#include "egress/core/result.hpp"

namespace egress::place {

std::string print_observations(const std::vector<probe::Observation>& seen);
Result<std::vector<probe::Observation>> parse_observations(std::string_view text);

}  // namespace egress::place
