#include "adapters/systemd/event_loop.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

#include <algorithm>

#include "adapters/system_error.hpp"

namespace egress::systemd {

struct Source::Handler : std::enable_shared_from_this<Source::Handler> {
  explicit Handler(std::function<void(std::uint32_t)> call) : callback(std::move(call)) {}
  Handler(const Handler&) = delete;
  ~Handler() { sd_event_source_disable_unref(source); }

  // Stays alive to the end of the callback, even if the callback destroys its own source.
  void run(std::uint32_t epoll_events) noexcept {
    const auto self = shared_from_this();
    callback(epoll_events);
  }

  static int on_io(sd_event_source*, int, std::uint32_t epoll_events, void* self) {
    static_cast<Handler*>(self)->run(epoll_events);
    return 0;
  }
  static int on_time(sd_event_source*, std::uint64_t, void* self) {
    static_cast<Handler*>(self)->run(0);
    return 0;
  }
  static int on_signal(sd_event_source*, const signalfd_siginfo*, void* self) {
    static_cast<Handler*>(self)->run(0);
    return 0;
  }
  static int on_post(sd_event_source*, void* self) {
    static_cast<Handler*>(self)->run(0);
    return 0;
  }

  std::function<void(std::uint32_t)> callback;
  sd_event_source* source = nullptr;
};

Source::Source(std::shared_ptr<Handler> handler) : handler_(std::move(handler)) {}

Source& Source::operator=(Source&& other) noexcept {
  std::swap(handler_, other.handler_);
  return *this;
}

Source::~Source() {
  if (handler_) sd_event_source_set_enabled(handler_->source, SD_EVENT_OFF);
}

void Watch::want_writable(bool wanted) {
  const std::uint32_t events = EPOLLIN | (wanted ? EPOLLOUT : 0U);
  sd_event_source_set_io_events(handler_->source, events);
}

void Timer::arm(Instant due) {
  if (due == kNever) {
    sd_event_source_set_enabled(handler_->source, SD_EVENT_OFF);
    return;
  }
  const auto since_boot = std::max(due.time_since_epoch(), milliseconds(0));
  const auto usec = static_cast<std::uint64_t>(since_boot.count()) * 1000U;
  sd_event_source_set_time(handler_->source, usec);
  sd_event_source_set_enabled(handler_->source, SD_EVENT_ONESHOT);
}

void EventLoop::Close::operator()(sd_event* event) const {
  sd_event_unref(event);
}

Result<EventLoop> EventLoop::open() {
  sd_event* event = nullptr;
  const int status = sd_event_new(&event);
  if (status < 0) return fail_errno("sd_event_new", status);
  return EventLoop(event);
}

Result<Watch> EventLoop::watch(int fd, std::function<void(Ready)> callback) {
  auto handler = std::make_shared<Source::Handler>([call = std::move(callback)](auto events) {
    call({(events & ~std::uint32_t{EPOLLOUT}) != 0, (events & EPOLLOUT) != 0});
  });
  const int status = sd_event_add_io(event_.get(), &handler->source, fd, EPOLLIN,
                                     Source::Handler::on_io, handler.get());
  if (status < 0) return fail_errno("sd_event_add_io", status);
  return Watch(std::move(handler));
}

Result<Timer> EventLoop::timer(Callback callback) {
  auto handler = std::make_shared<Source::Handler>([call = std::move(callback)](auto) { call(); });
  constexpr std::uint64_t kAccuracyUsec = 1000;  // 0 would mean 250 ms
  int status = sd_event_add_time(event_.get(), &handler->source, CLOCK_BOOTTIME, 0, kAccuracyUsec,
                                 Source::Handler::on_time, handler.get());
  if (status >= 0) status = sd_event_source_set_enabled(handler->source, SD_EVENT_OFF);
  if (status < 0) return fail_errno("sd_event_add_time", status);
  return Timer(std::move(handler));
}

Result<Source> EventLoop::on_signal(int signal, Callback callback) {
  auto handler = std::make_shared<Source::Handler>([call = std::move(callback)](auto) { call(); });
  // systemd 249 does not block it by itself.
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const int status = sd_event_add_signal(event_.get(), &handler->source, signal,
                                         Source::Handler::on_signal, handler.get());
  if (status < 0) return fail_errno("sd_event_add_signal", status);
  return Source(std::move(handler));
}

Result<Source> EventLoop::after_each_turn(Callback callback) {
  auto handler = std::make_shared<Source::Handler>([call = std::move(callback)](auto) { call(); });
  const int status =
      sd_event_add_post(event_.get(), &handler->source, Source::Handler::on_post, handler.get());
  if (status < 0) return fail_errno("sd_event_add_post", status);
  return Source(std::move(handler));
}

Result<int> EventLoop::run() {
  const int code = sd_event_loop(event_.get());
  if (code < 0) return fail_errno("sd_event_loop", code);
  return code;
}

void EventLoop::exit(int code) {
  sd_event_exit(event_.get(), code);
}

}  // namespace egress::systemd
