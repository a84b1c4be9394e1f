// How the daemon comes by its policy, its resolvers and the addresses of earlier runs.

#include <algorithm>
#include <tuple>
#include <utility>

#include "adapters/state/files.hpp"
#include "adapters/state/known_addresses.hpp"
#include "adapters/systemd/notify.hpp"
#include "egress/core/limits.hpp"
#include "egressd/additions.hpp"
#include "egressd/daemon.hpp"
#include "egressd/log.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

void log_problems(const char* event, const policy::Problems& problems) {
  for (const policy::Problem& problem : problems)
    log(Level::error, event, {{"problem", problem.text()}});
}

}  // namespace

// A policy that does not parse must not leave a host open that boots with it: the last good one
// stands in, or else nothing is allowed at all.
policy::Policy Daemon::first_policy() {
  const WallTime wall = clock_.wall();
  LoadedPolicy policy = store_.reload(wall);
  if (policy) return *std::move(policy);
  log_problems("policy-refused", policy.error());
  LoadedPolicy last_good = store_.load_last_good(wall);
  frame_.warnings = {
      "the policy was refused: " + policy.error().front().text(),
      last_good ? "the last good policy is in force" : "nothing is allowed until it is mended"};
  log(Level::error, "policy-fallback",
      {{"in_force", last_good ? "the last good policy" : "nothing allowed"}});
  return last_good ? *std::move(last_good) : policy::Policy{};
}

void Daemon::adopt(policy::Policy policy) {
  const bool is_first = !enforcer_->engine().has_policy();
  enforcer_->note(
      engine::PolicyChanged{std::make_shared<policy::Policy>(std::move(policy)), clock_.wall()});
  choose_resolvers();
  if (is_first) restore_known();
  enforcer_->turn();
  // One that may yet revert is no policy to fall back to.
  if (!frame_.trial) keep_at_ = std::min(keep_at_, clock_.now() + limits::kSaveSoon);
}

// A moment later, so that many changes in a row cost one file.
void Daemon::keep_last_good() {
  if (std::exchange(keep_at_, kNever) == kNever) return;
  if (const auto kept = store_.keep_last_good(running()); !kept)
    log(Level::warning, "last-good-not-kept", {{"message", kept.error().message}});
}

// Grants that have ended are closed already; this takes them out of the lists, by name, since a
// civil clock that was set back would let them begin anew.
void Daemon::forget(const std::vector<std::string>& ended) {
  const auto has_ended = [&](const policy::Addition& addition) {
    return addition.options.until &&
           std::ranges::any_of(running().entries, [&](const policy::AllowEntry& entry) {
             return stems_from(entry, addition.target) &&
                    std::ranges::find(ended, entry.target()) != ended.end();
           });
  };
  std::vector<policy::Addition> left = store_.additions();
  std::erase_if(left, has_ended);
  LoadedPolicy policy = store_.with_additions(left, clock_.wall());
  if (!policy) return log_problems("grants-not-forgotten", policy.error());
  if (const auto kept = store_.keep_additions(std::move(left)); !kept)
    log(Level::warning, "additions-not-kept", {{"message", kept.error().message}});
  adopt(*std::move(policy));
}

void Daemon::choose_resolvers() {
  const resolvconf::SystemResolvers& system = system_resolvers_->current();
  const bool is_pinned = running().resolvers.has_value();
  const std::vector<policy::ResolverAddress>& resolvers =
      is_pinned ? *running().resolvers : system.resolvers;
  frame_.resolver_source = is_pinned ? "policy" : system.source;
  if (!is_pinned && !system.problem.empty())
    log(Level::warning, "resolvers", {{"problem", system.problem}});
  if (resolvers == enforcer_->engine().inputs().resolvers && !resolvers.empty()) return;
  if (const auto set = resolver_->set_resolvers(resolvers); !set)
    return log(Level::error, "resolvers-refused", {{"message", set.error().message}});
  if (resolvers.empty())
    log(Level::warning, "resolvers",
        {{"problem", "none: no name can be resolved"}, {"source", frame_.resolver_source}});
  for (const policy::ResolverAddress& resolver : resolvers)
    log(Level::info, "resolver",
        {{"address", resolver.text()}, {"source", frame_.resolver_source}});
  enforcer_->note(engine::ResolversChanged{resolvers});
}

policy::Problems Daemon::reload() {
  if (frame_.trial) {
    const std::string message = waits_to_be_confirmed(*frame_.trial, clock_.now());
    log(Level::error, "reload-refused", {{"problem", message}});
    return {{{options_.paths.config, 0, 0}, message}};
  }
  (void)systemd::notify_reloading();
  LoadedPolicy policy = store_.reload(clock_.wall());
  if (policy) {
    frame_.warnings.clear();
    adopt(*std::move(policy));
    log(Level::info, "reloaded", {{"entries", std::to_string(running().entries.size())}});
  } else {
    log_problems("reload-refused", policy.error());
    frame_.warnings = {"the last reload was refused, the running policy stays: " +
                       policy.error().front().text()};
  }
  (void)systemd::notify_ready(status_line());
  return policy ? policy::Problems{} : policy.error();
}

void Daemon::restore_known() {
  const std::string path = options_.paths.known_addresses();
  const WallTime wall = clock_.wall();
  const Instant now = clock_.now();
  const auto known = state::read_known_addresses(path, wall);
  if (!known) {
    const auto aside = state::set_aside(path);
    log(Level::warning, "known-addresses-set-aside",
        {{"message", known.error().message}, {"moved_to", aside ? *aside : aside.error().message}});
    frame_.warnings.push_back("the known addresses could not be read and were set aside: " +
                              known.error().message);
    return;
  }
  for (const dns::KnownAddress& address : *known)
    enforcer_->note(
        engine::Restored{address.name, address.address, now + (address.expires - wall)});
}

void Daemon::note_unsaved() {
  if (const auto error = known_addresses_->take_error())
    log(Level::warning, "known-addresses-not-saved", {{"message", error->message}});
}

void Daemon::save_known() {
  note_unsaved();
  const WallTime wall = clock_.wall();
  const Instant now = clock_.now();
  std::vector<dns::KnownAddress> known;
  known.reserve(enforcer_->engine().names().address_count());
  for (const auto& [name, state] : enforcer_->engine().names().names())
    for (const dns::HeldAddress& held : state.addresses)
      if (held.expires > now)
        known.push_back(
            {name, held.address, wall + std::chrono::floor<seconds>(held.expires - now)});
  known_addresses_->write(std::move(known));
}

}  // namespace egress::daemon
