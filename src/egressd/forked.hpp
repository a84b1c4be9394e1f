// What a process does first that was forked from the daemon for one piece of work.
#pragma once

#include <sys/types.h>

namespace egress::daemon {

// Nothing of it outlives the daemon.
bool ends_with(pid_t daemon);
// Where memory runs out, it goes and not the daemon, whose score is inherited.
void go_first_when_memory_runs_out();

}  // namespace egress::daemon
