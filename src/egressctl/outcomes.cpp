#include "egressctl/outcomes.hpp"

#include <algorithm>
#include <ostream>

#include "egress/core/limits.hpp"
#include "egress/core/nearest.hpp"

namespace egress::ctl {
namespace {

static_assert(kTargetsPerCall <= limits::kTargetsPerRequest);
static_assert(kTargetsPerCall * (limits::kTargetBytes + 3) + 2 * limits::kReasonBytes <
              limits::kMessageBytes);

}  // namespace

std::vector<std::vector<std::string>> slices(const std::vector<std::string>& targets) {
  std::vector<std::vector<std::string>> all;
  for (std::size_t i = 0; i < targets.size(); i += kTargetsPerCall) {
    const auto first = targets.begin() + static_cast<std::ptrdiff_t>(i);
    const auto length = std::min(kTargetsPerCall, targets.size() - i);
    all.emplace_back(first, first + static_cast<std::ptrdiff_t>(length));
  }
  return all;
}

std::string activity(std::size_t slice, std::size_t targets) {
  const std::string count = std::to_string(targets);
  if (targets == 1) return "waiting for 1 target";
  if (targets <= kTargetsPerCall) return "waiting for " + count + " targets";
  const std::size_t first = slice * kTargetsPerCall;
  return "waiting for targets " + std::to_string(first + 1) + " to " +
         std::to_string(std::min(first + kTargetsPerCall, targets)) + " of " + count;
}

Colour state_colour(const std::string& state) {
  if (state == "open" || state == "already" || state == "revoked") return Colour::green;
  if (state == "failed" || state == "failing" || state == "refused") return Colour::red;
  if (state == "stale" || state == "resolving" || state == "unresolved") return Colour::yellow;
  return Colour::none;
}

Cell risk_note(const control::RiskReport& risk) {
  return {"risk: " + risk.kind + ": " + risk.why, Colour::yellow};
}

void print_outcomes(const Context& context, const std::vector<control::TargetOutcome>& targets) {
  Table table({"TARGET", "STATE", "ADDRESSES"});
  for (const control::TargetOutcome& target : targets) {
    table.add(
        {target.target, {target.state, state_colour(target.state)}, joined(target.addresses)});
    if (!target.message.empty()) table.note(target.message);
    if (target.risk) table.note(risk_note(*target.risk));
  }
  table.print(context.out, context.out_terminal);
}

void print_changes(const Context& context, const std::vector<control::SettingReport>& settings,
                   const std::vector<std::string>& warnings) {
  Table table({"CHANGED", "BEFORE", "NOW"});
  for (const control::SettingReport& setting : settings)
    table.add({setting.setting, setting.before, setting.after});
  if (!table.empty()) table.print(context.out, context.out_terminal);
  for (const std::string& warning : warnings)
    context.err << coloured("warning: " + printable(warning), Colour::yellow, context.err_terminal)
                << '\n';
}

Exit exit_for(const std::vector<control::TargetOutcome>& targets) {
  const bool is_bad =
      std::any_of(targets.begin(), targets.end(), [](const control::TargetOutcome& target) {
        return target.state == "failed" || target.state == "refused";
      });
  return is_bad ? Exit::failed : Exit::done;
}

}  // namespace egress::ctl
