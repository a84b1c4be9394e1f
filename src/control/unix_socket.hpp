// Unix stream sockets: listening and connecting.
#pragma once

#include <chrono>
#include <string>

#include "control/descriptor.hpp"
#include "egress/core/result.hpp"

namespace egress::control {

// Listens at `path`, open to every local user (mode 0666): who may do what is decided per request.
// A socket that a dead daemon left is replaced; one on which somebody listens, and anything that is
// not a socket, are errors.
Result<Descriptor> listen_at(const std::string& path);

// A listening Unix stream socket that was handed over (sd_listen_fds). Takes ownership; an error
// closes it.
Result<Descriptor> adopt_listener(int fd);

// Non-blocking. `error` is an errno; EAGAIN: the daemon's queue is full.
struct Connected {
  Descriptor socket;
  int error = 0;
};
Connected connect_to(const std::string& path);
// The same, but waits where the queue is full; EAGAIN: still full after that time. The kernel lets
// in who has waited longest.
Connected connect_within(const std::string& path, std::chrono::milliseconds patience);

}  // namespace egress::control
