// The servers and domains that systemd-resolved has for each link, as it tells them on the message
// bus: org.freedesktop.resolve1(5). Its files below /run say no more than the servers, or are its
// own alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/resolvconf/routing_domains.hpp"
#include "adapters/systemd/event_loop.hpp"
#include "egress/core/result.hpp"

namespace egress::systemd {

// Belongs to the loop's thread. Without a bus, or without resolved, it knows of no link; it waits
// for either to come, and starts neither. Nothing here blocks.
class Resolved {
 public:
  using Changed = std::function<void()>;
  static constexpr const char* kSystemBus = "unix:path=/run/dbus/system_bus_socket";

  // `changed` is called from the loop whenever links() has changed.
  static Result<std::unique_ptr<Resolved>> open(const EventLoop& loop, Changed changed,
                                                const std::string& bus = kSystemBus);
  ~Resolved();
  Resolved(const Resolved&) = delete;
  Resolved& operator=(const Resolved&) = delete;

  const std::vector<resolvconf::LinkResolvers>& links() const;
  // Asks again: its files have changed, which it tells sooner than the bus.
  void refresh();

 private:
  class State;
  explicit Resolved(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace egress::systemd
