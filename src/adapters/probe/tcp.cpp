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

Connection connect_tcp(const IpAddress& address, Port port, const Deadline& deadline) {
  Connection result;
  Observation& seen = result.observation;
  if (!has_route(address)) {
    seen.outcome = Outcome::no_route;
    return result;
  }
  result.socket = Socket(address.family(), SOCK_STREAM, IPPROTO_TCP);
  if (!result.socket) {
    seen.error = errno;
    return result;
  }
  int error = connect(result.socket, address, port);
  if (error == EINPROGRESS) error = finish(result.socket, deadline);
  seen.elapsed = deadline.elapsed();
  seen.outcome = outcome_of(error);
  if (seen.outcome == Outcome::refused) seen.error = error;
  return result;
}

}  // namespace egress::probe
