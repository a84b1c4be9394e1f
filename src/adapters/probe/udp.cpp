#include "adapters/probe/udp.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "adapters/probe/error_queue.hpp"

namespace egress::probe {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds kRepeat{700};

// Reads every datagram that has arrived. True when one was accepted; `any` when one came at all.
// The kernel may still give a raw socket what it began to deliver before the socket was connected.
bool receive(const Socket& socket, const IpAddress& peer, const Accepts& accepts, bool& any) {
  std::array<std::uint8_t, 4096> buffer;
  for (;;) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    auto* const name = reinterpret_cast<sockaddr*>(&from);
    const auto size = ::recvfrom(socket.fd(), buffer.data(), buffer.size(), 0, name, &length);
    if (size < 0) return false;
    if (to_address(*name) != peer) continue;
    any = true;
    if (accepts(Datagram(buffer).first(static_cast<std::size_t>(size)))) return true;
  }
}

}  // namespace

Observation exchange(const Socket& socket, const IpAddress& peer, Datagram question,
                     const Accepts& accepts, Tries tries, const Deadline& deadline) {
  Observation seen;
  bool any = false;
  while (!deadline.passed()) {
    if (const int error = send(socket, question); error != 0) {
      return refusal(socket, error, deadline);
    }
    const Deadline turn = deadline.within(tries == Tries::once ? deadline.left() : kRepeat);
    while (const short events = wait(socket, POLLIN, turn)) {
      if ((events & POLLERR) != 0) return refusal(socket, 0, deadline);
      if (!receive(socket, peer, accepts, any)) continue;
      seen.outcome = Outcome::reached;
      seen.elapsed = deadline.elapsed();
      return seen;
    }
  }
  seen.outcome = any ? Outcome::wrong_answer : Outcome::timeout;
  seen.elapsed = deadline.elapsed();
  return seen;
}

Observation exchange_udp(const Remote& to, Datagram question, const Accepts& accepts, Tries tries,
                         const Deadline& deadline) {
  if (!has_route(to.address)) return no_route();
  const Family family = to.address.family();
  const Socket socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (!socket || !queue_errors(socket, family) || !bind_source(socket, to))
    return impossible(errno);
  if (const int error = connect(socket, to.address, to.port); error != 0) {
    Observation seen;
    seen.outcome = Outcome::refused;
    seen.error = error;
    return seen;
  }
  return exchange(socket, to.address, question, accepts, tries, deadline);
}

bool accept_any(Datagram) {
  return true;
}

}  // namespace egress::probe
