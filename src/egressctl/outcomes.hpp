// What became of the targets of an allow or deny.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "control/messages.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/command.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {

// Targets of one request: as many as fit a message whatever their length.
inline constexpr std::size_t kTargetsPerCall = 100;

// In slices of kTargetsPerCall, in order.
std::vector<std::vector<std::string>> slices(const std::vector<std::string>& targets);

// "12 targets", "targets 101 to 200 of 312": what a wait is for.
std::string activity(std::size_t slice, std::size_t targets);

// Asks for all targets, a slice at a time, and hands each reply to `take`. Stops at the first slice
// that fails; what was done before stays done, so show it.
template <class Reply, class Request>
Exit ask_in_slices(Context& context, Request request, const std::vector<std::string>& targets,
                   const std::function<void(const Reply&)>& take) {
  std::size_t slice = 0;
  for (auto& part : slices(targets)) {
    request.targets = std::move(part);
    const auto reply = ask<Reply>(context, request, activity(slice++, targets.size()));
    if (!reply) return reply.error();
    take(*reply);
  }
  return Exit::done;
}

// Green for what is as wanted, red for what is not.
Colour state_colour(const std::string& state);

// "risk: upload: anybody can make a gist", in yellow.
Cell risk_note(const control::RiskReport& risk);

// One row a target, with its messages and risks below it.
void print_outcomes(const Context& context, const std::vector<control::TargetOutcome>& targets);

// What reload and apply have changed beside the entries that came or went, and what stays only
// because it was accepted before.
void print_changes(const Context& context, const std::vector<control::SettingReport>& settings,
                   const std::vector<std::string>& warnings);

// `failed` when any target failed or was refused.
Exit exit_for(const std::vector<control::TargetOutcome>& targets);

}  // namespace egress::ctl
