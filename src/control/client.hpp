// egressctl's end of the control socket: one request, one reply, blocking.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "control/messages.hpp"
#include "egress/core/result.hpp"

namespace egress::control {

// Where egressd listens unless told otherwise.
inline constexpr const char* kDefaultSocket = "/run/egressd/control.sock";

struct CallFailure {
  bool is_unreachable = false;  // no daemon answered; otherwise it answered what we cannot read
  std::string message;          // what happened and what to do
};

struct CallOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // for the whole call
  // Called about once a second while the reply is awaited, with the time waited so far. May be
  // empty.
  std::function<void(std::chrono::seconds)> on_wait;
};

tl::expected<Reply, CallFailure> call(const std::string& socket_path, const Request& request,
                                      const CallOptions& options = {});

}  // namespace egress::control
