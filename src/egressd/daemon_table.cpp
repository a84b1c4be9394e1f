// How the table stays as egressd made it, whoever else is root on this host.

#include "adapters/systemd/listen.hpp"
#include "adapters/systemd/notify.hpp"
#include "egressd/daemon.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {
namespace {

constexpr std::string_view kTableDescriptor = "table";  // in the manager's store

std::string text(const netlink::Tampering& tampering) {
  if (tampering.pid == 0) return "not known: notices of the kernel were lost";
  return tampering.program + " (pid " + std::to_string(tampering.pid) + ")";
}

}  // namespace

// The manager has kept the socket that owns the table while no daemon ran.
Result<void> Daemon::open_table() {
  const nft::Capabilities ceiling{.owns = !options_.shares_table};
  const std::vector<int> held = systemd::passed_descriptors(kTableDescriptor);
  auto kernel = netlink::open_kernel(ceiling, held.empty() ? std::nullopt : std::optional(held[0]));
  if (!kernel) return tl::unexpected(kernel.error());
  kernel_ = *std::move(kernel);
  if (kernel_->capabilities().owns) return {};
  auto watch = netlink::TableWatch::open(kernel_->port());
  if (!watch) return tl::unexpected(watch.error());
  table_watch_.emplace(*std::move(watch));
  return {};
}

void Daemon::keep_table() {
  if (!kernel_->capabilities().owns) return;
  if (const auto kept = systemd::keep_descriptor(kTableDescriptor, kernel_->descriptor()); !kept)
    log(Level::warning, "table-not-kept", {{"message", kept.error().message}});
}

void Daemon::undo_tampering() {
  const auto tampering = table_watch_->dispatch();
  if (!tampering) return;
  const std::chrono::microseconds noticed = clock_.stopwatch();
  enforcer_->tell(engine::TableDoubted{});
  Drift& drift = frame_.drift;
  ++drift.count;
  drift.last = text(*tampering);
  drift.undone_in = clock_.stopwatch() - noticed;
  log(Level::warning, "table-tampered",
      {{"by", drift.last}, {"undone_us", std::to_string(drift.undone_in.count())}});
}

}  // namespace egress::daemon
