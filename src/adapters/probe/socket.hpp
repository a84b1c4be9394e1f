// Non-blocking sockets for probes, and the little of the socket address API that they need.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <span>
#include <utility>

#include "adapters/probe/deadline.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::probe {

// Owns a descriptor. Empty (fd() < 0) when it could not be opened; errno then says why.
class Socket {
 public:
  Socket() = default;
  Socket(Family family, int type, int protocol);
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// connect(2): 0 or the errno. EINPROGRESS is an errno like another.
int connect(const Socket& socket, const IpAddress& address, Port port);

// send(2) of one datagram on a connected socket: 0 or the errno.
int send(const Socket& socket, std::span<const std::uint8_t> datagram);

// Waits for `events` (poll(2)); 0 when the deadline has passed first, else the events that came.
short wait(const Socket& socket, short events, const Deadline& deadline);

std::optional<IpAddress> to_address(const sockaddr& address);

// True when an interface of this host carries the address.
bool is_local(const IpAddress& address);

// False when this host cannot even choose a source and an interface for the address. Sends nothing,
// so no packet filter has a say in it.
bool has_route(const IpAddress& address);

}  // namespace egress::probe
