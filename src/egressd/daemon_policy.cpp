// How the daemon changes its policy, and what it keeps for the next run.

#include <algorithm>
#include <tuple>
#include <utility>

#include "adapters/state/files.hpp"
#include "adapters/systemd/notify.hpp"
#include "egress/core/limits.hpp"
#include "egressd/additions.hpp"
#include "egressd/daemon.hpp"
#include "egressd/log.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {

void Daemon::adopt(policy::Policy policy) {
  policy_->adopt(std::move(policy));
  // One that may yet revert is no policy to fall back to.
  if (!frame_.trial) keep_at_ = std::min(keep_at_, clock_.now() + limits::kSaveSoon);
}

// A moment later, so that many changes in a row cost one file.
void Daemon::keep_last_good() {
  if (std::exchange(keep_at_, kNever) == kNever) return;
  if (const auto kept = store_.keep_last_good(); !kept)
    log(Level::warning, "last-good-not-kept", {{"message", kept.error().message}});
}

// Grants that have ended are closed already; this takes them out of the lists, by name, since a
// civil clock that was set back would let them begin anew.
void Daemon::forget(const std::vector<std::string>& ended) {
  const auto has_ended = [&](const policy::Addition& addition) {
    return addition.options.until &&
           std::ranges::any_of(policy_->policy().entries, [&](const policy::AllowEntry& entry) {
             return stems_from(entry, addition.target) &&
                    std::ranges::find(ended, entry.target()) != ended.end();
           });
  };
  std::vector<policy::Addition> left = store_.additions();
  std::erase_if(left, has_ended);
  LoadedPolicy loaded = store_.with_additions(left, clock_.wall());
  if (!loaded) return log_problems("grants-not-forgotten", loaded.error());
  if (const auto kept = store_.keep_additions(std::move(loaded->additions)); !kept)
    log(Level::warning, "additions-not-kept", {{"message", kept.error().message}});
  adopt(std::move(loaded->policy));
}

policy::Problems Daemon::reload() {
  if (frame_.trial) {
    const std::string message = waits_to_be_confirmed(*frame_.trial, clock_.now());
    log(Level::error, "reload-refused", {{"problem", message}});
    return {{{options_.paths.config, 0, 0}, message}};
  }
  (void)systemd::notify_reloading();
  LoadedPolicy loaded = store_.reload(clock_.wall());
  if (loaded) {
    adopt_files(*std::move(loaded));
    log(Level::info, "reloaded", {{"entries", std::to_string(policy_->policy().entries.size())}});
  } else {
    log_problems("reload-refused", loaded.error());
    if (frame_.policy_source == PolicySource::files) frame_.policy_source = PolicySource::last_good;
    frame_.policy_problem = loaded.error().front().text();
  }
  (void)systemd::notify_ready(status_line());
  return loaded ? policy::Problems{} : loaded.error();
}

// At once on disk: what is accepted now is to stay so, whatever becomes of the files.
void Daemon::adopt_files(Loaded loaded) {
  frame_.policy_source = PolicySource::files;
  frame_.policy_problem.clear();
  frame_.warnings = texts(loaded.warnings);
  log_warnings(loaded.warnings);
  adopt(std::move(loaded.policy));
  keep_last_good();
}

// The next run is to find a file that it can use; this one stays for people to look at.
void Daemon::set_aside(const std::string& path, const char* event, const std::string& warning) {
  const auto aside = state::set_aside(path);
  log(Level::warning, event, {{"moved_to", aside ? *aside : aside.error().message}});
  frame_.warnings.push_back(warning);
}

void Daemon::note_unsaved() {
  if (const auto error = known_addresses_->take_error())
    log(Level::warning, "known-addresses-not-saved", {{"message", error->message}});
}

void Daemon::save_known() {
  if (!collector_.advance(enforcer_->engine().names(), clock_.now(), clock_.wall())) return;
  note_unsaved();
  known_addresses_->write(collector_.take());
}

// What is gathered over several turns could be of several moments; this is of one.
void Daemon::save_known_at_once() {
  collector_ = {};
  collector_.begin();
  while (collector_.is_under_way()) save_known();
  known_addresses_->finish();
  note_unsaved();
}

}  // namespace egress::daemon
