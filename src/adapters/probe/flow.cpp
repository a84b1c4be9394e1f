#include "adapters/probe/flow.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "adapters/probe/error_queue.hpp"
#include "adapters/probe/payloads.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

namespace {

// A socket for the flow; without one errno says why.
Socket socket_for(const Remote& far_end) {
  const Family family = far_end.address.family();
  Socket socket(family, SOCK_DGRAM, IPPROTO_UDP);
  const bool is_ready = socket && queue_errors(socket, family) && bind_source(socket, far_end) &&
                        connect(socket, far_end.address, far_end.port) == 0;
  return is_ready ? std::move(socket) : Socket();
}

// One datagram there and back.
Observation echo(const Socket& socket, const IpAddress& far_end, const Deadline& deadline) {
  return exchange(socket, far_end, plain_text(), accept_any, Tries::once, deadline);
}

bool hears(const Socket& socket, const Deadline& deadline) {
  std::array<char, 64> buffer;
  while (const short events = wait(socket, POLLIN, deadline)) {
    if (::recv(socket.fd(), buffer.data(), buffer.size(), 0) >= 0) return true;
    if ((events & POLLERR) != 0) return false;
  }
  return false;
}

// A link that has just come may lose a packet, so that it is told to ask again; and no question is
// left behind that could be taken for an answer.
bool is_asked(const Socket& socket, const Neighbour& neighbour, Family family, Port port,
              const Deadline& deadline) {
  constexpr int kTimes = 5;
  constexpr std::chrono::milliseconds kPause{100};
  bool is_heard = false;
  for (int time = 1; time <= kTimes && !is_heard; ++time) {
    neighbour.begin_flow(family, port);
    is_heard = hears(socket, time < kTimes ? deadline.within(kPause) : deadline);
  }
  (void)neighbour.unasked();  // what it was told to send has come
  while (hears(socket, Deadline(std::chrono::milliseconds(0)))) {
  }
  return is_heard;
}

}  // namespace

Observation open_flow(const Remote& to, const Deadline& deadline) {
  if (!has_route(to.address)) return no_route();
  const Socket socket = socket_for(to);
  if (!socket) return impossible(errno);
  const Observation first = echo(socket, to.address, deadline);
  return first.outcome == Outcome::reached ? echo(socket, to.address, deadline) : first;
}

Observation answer_flow(const Neighbour& neighbour, Family family, const Deadline& deadline) {
  const Remote from{neighbours_address(family), kNeighboursPort};
  if (!has_route(from.address)) return no_route();
  const Socket socket = socket_for(from);
  const auto own = socket ? own_end(socket) : std::nullopt;
  if (!own) return impossible(errno);
  if (is_asked(socket, neighbour, family, own->port, deadline))
    return echo(socket, from.address, deadline);
  Observation seen;
  seen.outcome = Outcome::timeout;
  seen.elapsed = deadline.elapsed();
  seen.detail = "what asked did not arrive";
  return seen;
}

std::optional<AskedFlow> be_asked(const Neighbour& neighbour, Family family,
                                  const Deadline& deadline) {
  const Remote from{neighbours_address(family), kNeighboursPort};
  if (!has_route(from.address)) return std::nullopt;
  Socket socket = socket_for(from);
  const auto own = socket ? own_end(socket) : std::nullopt;
  if (!own) return std::nullopt;
  if (!is_asked(socket, neighbour, family, own->port, deadline)) return std::nullopt;
  return AskedFlow{std::move(socket), *own};
}

}  // namespace egress::probe
