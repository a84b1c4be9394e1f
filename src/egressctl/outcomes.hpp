// What became of the targets of an allow or deny.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "control/messages.hpp"
#include "egressctl/command.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {

// Targets of one request: as many as fit a message whatever their length.
inline constexpr std::size_t kTargetsPerCall = 100;

// In slices of kTargetsPerCall, in order.
std::vector<std::vector<std::string>> slices(const std::vector<std::string>& targets);

// "12 targets", "targets 101 to 200 of 312": what a wait is for.
std::string activity(std::size_t slice, std::size_t targets);

// Green for what is as wanted, red for what is not.
Colour state_colour(const std::string& state);

// One row a target, with its messages and risks below it.
void print_outcomes(const Context& context, const std::vector<control::TargetOutcome>& targets);

// `failed` when any target failed or was refused.
Exit exit_for(const std::vector<control::TargetOutcome>& targets);

}  // namespace egress::ctl
