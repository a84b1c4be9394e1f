// What is in force for a while, and how it ends whatever happens meanwhile.

#include <utility>

#include "adapters/state/panic.hpp"
#include "adapters/systemd/notify.hpp"
#include "egressd/daemon.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {

using engine::Posture;

void Daemon::note_restored_panic() {
  if (const auto& problem = policy_->unusable_panic())
    set_aside(
        options_.paths.panic(), "panic-set-aside",
        "whether PANIC was on could not be read; the policy is in force: " + problem->message);
  panic_on_disk_ = policy_->restored_panic();
}

std::string Daemon::set_posture(Posture posture, Instant until) {
  // wall() is rounded down: the kernel must not close before the engine does, whose table has the
  // guard in it.
  constexpr seconds kRounding{1};
  std::optional<WallTime> until_wall;
  if (until != kNever)
    until_wall = clock_.wall() + std::chrono::ceil<seconds>(until - clock_.now()) + kRounding;
  enforcer_->tell(engine::PostureChanged{posture, until, until_wall});
  return keep_posture();
}

const char* Daemon::status_line() const {
  switch (enforcer_->engine().inputs().posture) {
    case Posture::open:
      return "OPEN: nothing is refused";
    case Posture::panic:
      return "PANIC: nothing but loopback passes";
    case Posture::enforcing:
      break;
  }
  switch (frame_.policy_source) {
    case PolicySource::files:
      break;
    case PolicySource::last_good:
      return "Enforcing the last good policy: the files cannot be used";
    case PolicySource::nothing:
      return "Enforcing, and nothing is allowed but the additions: the files cannot be used";
  }
  return "Enforcing";
}

// Makes the disk tell what is so. A warning if it cannot.
std::string Daemon::keep_posture() {
  const engine::Inputs& inputs = enforcer_->engine().inputs();
  if (posture_shown_ != inputs.posture) {
    posture_shown_ = inputs.posture;
    (void)systemd::notify_status(status_line());
  }
  std::optional<Instant> wanted;
  if (inputs.posture == Posture::panic) wanted = inputs.posture_until;
  if (wanted == std::exchange(panic_on_disk_, wanted)) return "";
  state::Panic panic;
  if (wanted && *wanted != kNever)
    panic.until = clock_.wall() + std::chrono::ceil<seconds>(*wanted - clock_.now());
  const std::string path = options_.paths.panic();
  const auto kept = wanted ? state::write_panic(path, panic) : state::forget_panic(path);
  if (kept) return "";
  const std::string warning =
      (wanted ? "a restart would end it: " : "a restart would bring it back: ") +
      kept.error().message;
  log(Level::error, "panic-not-kept", {{"message", warning}});
  return warning;
}

policy::Problems Daemon::try_out(const MainText& main, Instant until) {
  keep_last_good();
  const auto before = enforcer_->engine().inputs().policy;
  LoadedPolicy loaded = store_.try_out(main, clock_.wall());
  if (!loaded) return loaded.error();
  frame_.trial = Trial{main.text, until, before};
  adopt(std::move(loaded->policy));
  return {};
}

policy::Problems Daemon::confirm() {
  if (!store_.stands_on_disk(frame_.trial->text))
    return {{{options_.paths.config, 0, 0}, "does not hold the policy that waits to be confirmed"}};
  LoadedPolicy loaded = store_.reload(clock_.wall());
  if (!loaded) return loaded.error();
  frame_.trial.reset();
  adopt_files(*std::move(loaded));
  return {};
}

void Daemon::revert(std::string_view because) {
  const Trial trial = *std::exchange(frame_.trial, std::nullopt);
  log(Level::warning, "policy-reverted", {{"because", std::string(because)}});
  LoadedPolicy loaded = store_.revert(clock_.wall());
  adopt(loaded ? std::move(loaded->policy) : *trial.before);
}

}  // namespace egress::daemon
