#include "adapters/probe/tcp.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <cerrno>

namespace egress::probe {

namespace {

Outcome outcome_of(int error) {
  switch (error) {
    case 0:
      return Outcome::reached;
    case ETIMEDOUT:
      return Outcome::timeout;
    default:
      return Outcome::refused;
  }
}

// The result of a connect that was in progress; ETIMEDOUT when it still is at the deadline.
int finish(const Socket& socket, const Deadline& deadline) {
  if (wait(socket, POLLOUT, deadline) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

Deadline connect_deadline(Tries tries, const Deadline& deadline) {
  return tries == Tries::once ? deadline.within(kBeforeSecondSyn) : deadline;
}

Connection connect_tcp(const Remote& to, const Deadline& deadline) {
  Connection result;
  Observation& seen = result.observation;
  if (!has_route(to.address)) {
    seen.outcome = Outcome::no_route;
    return result;
  }
  result.socket = Socket(to.address.family(), SOCK_STREAM, IPPROTO_TCP);
  if (!result.socket || !bind_source(result.socket, to)) {
    seen.error = errno;
    return result;
  }
  int error = connect(result.socket, to.address, to.port);
  if (error == EINPROGRESS) error = finish(result.socket, deadline);
  seen.elapsed = deadline.elapsed();
  seen.outcome = outcome_of(error);
  if (seen.outcome == Outcome::refused) seen.error = error;
  return result;
}

Observation connect_to_self(const IpAddress& address, const Deadline& deadline) {
  Observation seen;
  const Socket listener(address.family(), SOCK_STREAM, IPPROTO_TCP);
  const auto port = listener ? listen(listener, address) : std::nullopt;
  if (port) return connect_tcp({address, *port}, deadline).observation;
  const bool has_none = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;
  if (has_none) seen.outcome = Outcome::no_route;
  seen.error = has_none ? 0 : errno;
  return seen;
}

}  // namespace egress::probe
