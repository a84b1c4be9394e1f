// The daemon's loop: sd_event(3) with owned sources. Belongs to one thread. Nothing wakes it but a
// ready descriptor, a due timer or a signal.
//
// What the functions below return owns its source: destroying it ends the calls, also from inside
// the callback that is running. Callbacks must not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "egress/core/result.hpp"
#include "egress/core/time.hpp"

struct sd_event;

namespace egress::systemd {

class Source {
 public:
  Source() = default;
  Source(Source&&) noexcept = default;
  Source& operator=(Source&& other) noexcept;
  ~Source();

 protected:
  friend class EventLoop;
  struct Handler;
  explicit Source(std::shared_ptr<Handler> handler);
  std::shared_ptr<Handler> handler_;  // shared with the call that may be running
};

struct Ready {
  bool readable = false;  // or closed by the peer, or failed: reading tells
  bool writable = false;
};

class Watch final : public Source {
 public:
  // Whether to call back when the descriptor can be written, too. Off at first.
  void want_writable(bool wanted);

 private:
  friend class EventLoop;
  using Source::Source;
};

class Timer final : public Source {
 public:
  // Calls back once, at `due` or up to a millisecond later; a moment in the past means now. Arming
  // again replaces the moment, kNever disarms.
  void arm(Instant due);

 private:
  friend class EventLoop;
  using Source::Source;
};

class EventLoop {
 public:
  using Callback = std::function<void()>;

  static Result<EventLoop> open();

  // Calls back while `fd`, which stays the caller's and must outlive the watch, is readable.
  Result<Watch> watch(int fd, std::function<void(Ready)> callback);
  Result<Timer> timer(Callback callback);
  // Calls back for each arrival of the signal, which from now on is blocked and does nothing else.
  // Call before the first thread starts.
  Result<Source> on_signal(int signal, Callback callback);
  // Calls back after other callbacks have run: once for all that were due together.
  Result<Source> after_each_turn(Callback callback);

  // Runs until exit(); the value is its code.
  Result<int> run();
  void exit(int code);

  // For what has sources of its own (resolved.hpp).
  sd_event* event() const { return event_.get(); }

 private:
  struct Close {
    void operator()(sd_event* event) const;
  };
  explicit EventLoop(sd_event* event) : event_(event) {}
  std::unique_ptr<sd_event, Close> event_;
};

}  // namespace egress::systemd
