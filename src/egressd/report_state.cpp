// How egressd stands as a whole.
#include <algorithm>
#include <tuple>

#include "egress/core/limits.hpp"
#include "egress/nft/unheard.hpp"
#include "egressd/control_service.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {

std::uint64_t count_missing(const policy::Entries& entries, const policy::Entries& others) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      entries, [&](const auto& entry) { return others.find(entry.target()) == nullptr; }));
}

std::vector<control::RiskyTarget> report_new_risks(const policy::Entries& entries,
                                                   const policy::Entries& others) {
  std::vector<control::RiskyTarget> risks;
  for (const policy::AllowEntry& entry : entries) {
    const auto risk = report_risk(entry);
    if (risk && others.find(entry.target()) == nullptr) risks.push_back({entry.target(), *risk});
  }
  std::ranges::stable_sort(risks, {}, [](const control::RiskyTarget& one) {
    return std::tie(one.risk.kind, one.risk.why);
  });
  return risks;
}

std::vector<control::SettingReport> report_changes(const policy::Policy& before,
                                                   const policy::Policy& after) {
  std::vector<control::SettingReport> reports;
  for (policy::SettingChange& change : policy::changed_settings(before, after))
    reports.push_back({std::move(change.name), std::move(change.before), std::move(change.after)});
  return reports;
}

std::string_view source_text(PolicySource source) {
  switch (source) {
    case PolicySource::files:
      return "files";
    case PolicySource::last_good:
      return "last good";
    case PolicySource::nothing:
      break;
  }
  return "none";
}

std::string_view state_text(const engine::Engine& engine) {
  const engine::Inputs& inputs = engine.inputs();
  const bool is_audit = inputs.policy->mode == policy::Mode::audit;
  return inputs.posture == engine::Posture::enforcing && is_audit ? "auditing"
                                                                  : engine::text(inputs.posture);
}

std::optional<std::int64_t> seconds_left(Instant end, Instant now) {
  if (end == kNever) return std::nullopt;
  return std::max<std::int64_t>(1, std::chrono::ceil<seconds>(end - now).count());
}

std::vector<control::OtherTableReport> report_others(const std::vector<nft::OtherTable>& tables) {
  std::vector<control::OtherTableReport> reports;
  for (const nft::OtherTable& table : tables) {
    const nft::Reach reach = nft::reach(table);
    reports.push_back({nft::title(table), nft::hooks_text(table), reach.can_pass_us, reach.why});
  }
  return reports;
}

std::vector<control::ZoneReport> report_zones(const policy::Resolvers& resolvers) {
  std::vector<control::ZoneReport> reports;
  for (const policy::ZoneResolvers& zone : resolvers.zones) {
    reports.push_back({zone.zone.text(), {}});
    for (const policy::ResolverAddress& resolver : zone.resolvers)
      reports.back().resolvers.push_back(resolver.text());
  }
  return reports;
}

std::vector<control::UnheardReport> report_unheard(nft::Kernel& kernel) {
  std::vector<control::UnheardReport> reports;
  const auto links = kernel.unheard_links();
  if (!links || links->empty()) return reports;
  const auto tables = kernel.other_tables().value_or(std::vector<nft::OtherTable>());
  for (const std::string& link : *links)
    for (nft::Obstacle& obstacle : nft::obstacles(tables, link, limits::kGuardPort))
      reports.push_back({link, std::move(obstacle.by), std::move(obstacle.command)});
  return reports;
}

std::string waits_to_be_confirmed(const Trial& trial, Instant now) {
  return "a policy that was applied waits to be confirmed: egressctl confirm, or wait until it "
         "reverts, in " +
         std::to_string(*seconds_left(trial.until, now)) + " s";
}

}  // namespace egress::daemon
