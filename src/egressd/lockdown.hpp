// `egressd lockdown`: closes the host before its network comes up, and ends.
#pragma once

#include "egress/core/result.hpp"
#include "egressd/options.hpp"

namespace egress::daemon {

// Puts the table in place that the daemon begins with: the closed base, what the policy opens by
// address, and the known addresses with what is left of their lifetime. Asks no resolver, listens
// to nobody and writes no file; the table outlives it. One that stands already, which may be that
// of a running daemon, is left alone. Whatever cannot be read is left out. An error: the host is as
// it was.
Result<void> lock_down(const Options& options);

}  // namespace egress::daemon
