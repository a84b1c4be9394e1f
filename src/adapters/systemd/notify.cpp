#include "adapters/systemd/notify.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <string>

#include "adapters/system_error.hpp"
#include "adapters/systemd/clock.hpp"

namespace egress::systemd {
namespace {

Result<void> notify(const std::string& fields) {
  const int sent = sd_notify(/*unset_environment=*/0, fields.c_str());
  if (sent < 0) return fail_errno("sd_notify", sent);
  return {};
}

std::string status_field(std::string_view status) {
  std::string line(status);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::replace_if(line.begin(), line.end(), is_control, '?');
  return "STATUS=" + line;
}

}  // namespace

Result<void> notify_ready(std::string_view status) {
  return notify("READY=1\n" + status_field(status));
}

Result<void> notify_status(std::string_view status) {
  return notify(status_field(status));
}

Result<void> notify_reloading() {
  return notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_now().count()));
}

Result<void> notify_stopping(std::string_view status) {
  return notify("STOPPING=1\n" + status_field(status));
}

Result<void> keep_descriptor(std::string_view name, int fd) {
  const std::string fields = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string(name);
  const int sent =
      sd_pid_notify_with_fds(/*pid=*/0, /*unset_environment=*/0, fields.c_str(), &fd, 1);
  if (sent < 0) return fail_errno("sd_pid_notify_with_fds", -sent);
  return {};
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t period = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &period) <= 0) return {};
  return std::chrono::microseconds(period / 2);
}

Result<void> notify_alive() {
  return notify("WATCHDOG=1");
}

}  // namespace egress::systemd
