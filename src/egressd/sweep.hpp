// Carries out ForgetCrowd in a process of its own, which is forked from the daemon and so knows all
// that it knows: a listing of some hundred thousand flows takes longer than answers may wait.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

#include "adapters/systemd/event_loop.hpp"
#include "control/descriptor.hpp"
#include "egress/core/result.hpp"
#include "egress/engine/event.hpp"

namespace egress::daemon {

class Sweep {
 public:
  struct Hooks {
    std::function<Result<int>()> detach;  // as those of Reporter
    // In the process; how many were forgotten.
    std::function<Result<std::size_t>(const engine::ForgetCrowd&)> work;
    std::function<void(std::size_t)> done;  // in the daemon; also where it failed, with 0
  };
  Sweep(systemd::EventLoop& loop, Hooks hooks) : loop_(loop), hooks_(std::move(hooks)) {}
  ~Sweep();
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  void begin(const engine::ForgetCrowd& order);

 private:
  Result<void> fork_for(const engine::ForgetCrowd& order);
  [[noreturn]] void work(const engine::ForgetCrowd& order, int pipe);
  void end();

  systemd::EventLoop& loop_;
  Hooks hooks_;
  control::Descriptor answer_;  // the reading end of a pipe
  std::optional<systemd::Watch> watch_;
  pid_t pid_ = 0;
};

}  // namespace egress::daemon
