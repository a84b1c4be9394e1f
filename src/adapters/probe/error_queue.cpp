#include "adapters/probe/error_queue.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>

// After the libc headers, which it would redefine otherwise.
#include <linux/errqueue.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace egress::probe {

namespace {

constexpr std::chrono::milliseconds kQueueDelay{50};

bool is_extended_error(const cmsghdr& header) {
  return (header.cmsg_level == SOL_IP && header.cmsg_type == IP_RECVERR) ||
         (header.cmsg_level == SOL_IPV6 && header.cmsg_type == IPV6_RECVERR);
}

// The kernel writes sock_extended_err and, right behind it, the offender's socket address
// (AF_UNSPEC: none).
QueuedError decode(const cmsghdr& header) {
  struct {
    sock_extended_err error;
    sockaddr_in6 offender;
  } message{};
  const std::size_t length = header.cmsg_len - CMSG_LEN(0);
  std::memcpy(&message, CMSG_DATA(&header), std::min(length, sizeof message));
  const auto& offender = reinterpret_cast<const sockaddr&>(message.offender);
  return {static_cast<int>(message.error.ee_errno), to_address(offender)};
}

int pending_error(const Socket& socket) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

bool queue_errors(const Socket& socket, Family family) {
  const int on = 1;
  return family == Family::ipv4
             ? ::setsockopt(socket.fd(), SOL_IP, IP_RECVERR, &on, sizeof on) == 0
             : ::setsockopt(socket.fd(), SOL_IPV6, IPV6_RECVERR, &on, sizeof on) == 0;
}

std::optional<QueuedError> take_error(const Socket& socket) {
  std::array<char, 1500> packet{};  // the packet that caused the error; not looked at
  alignas(cmsghdr) std::array<char, 512> control{};
  iovec part{packet.data(), packet.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket.fd(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (is_extended_error(*one)) return decode(*one);
  }
  return std::nullopt;
}

Observation refusal(const Socket& socket, int send_error, const Deadline& deadline) {
  Observation seen;
  seen.outcome = Outcome::refused;
  seen.elapsed = deadline.elapsed();
  auto queued = take_error(socket);
  if (!queued && send_error != 0) {
    (void)wait(socket, 0, deadline.within(kQueueDelay));
    queued = take_error(socket);
  }
  if (!queued) queued = QueuedError{send_error != 0 ? send_error : pending_error(socket), {}};
  seen.error = queued->error;
  seen.offender = queued->offender;
  seen.offender_is_local = seen.offender && is_local(*seen.offender);
  return seen;
}

}  // namespace egress::probe
