// Messages to the service manager (sd_notify(3)). Without one, that is with NOTIFY_SOCKET unset,
// all of them do nothing and succeed. A status is one line for people; control characters in it
// become '?', so that no text from outside can add a field.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress::systemd {

Result<void> notify_ready(std::string_view status);
Result<void> notify_status(std::string_view status);
// A reload begins; notify_ready() ends it.
Result<void> notify_reloading();
Result<void> notify_stopping(std::string_view status);
// The manager keeps the descriptor open from now on, also while this process is dead, and passes it
// to the next one under this name (FDSTORE=1). It does not watch it: an error that is pending on it
// would make it close it (FDPOLL=0).
Result<void> keep_descriptor(std::string_view name, int fd);

// How often notify_alive() is due: half of WATCHDOG_USEC; empty: nobody watches this process.
std::optional<std::chrono::microseconds> watchdog_interval();
Result<void> notify_alive();

}  // namespace egress::systemd
