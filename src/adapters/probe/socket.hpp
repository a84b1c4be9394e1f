// Non-blocking sockets for probes, and the little of the socket address API that they need.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <span>
#include <utility>

#include "adapters/probe/deadline.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::probe {

// Owns a descriptor. An IPv6 socket reaches IPv4-mapped addresses too, and UDP any multicast or
// broadcast address: no packet is held back by anybody but the filter. Empty (fd() < 0) when it
// could not be opened; errno then says why.
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

// Where a probe goes, and from which of this host's ports; 0: whichever is free.
struct Remote {
  IpAddress address;
  Port port = 0;
  Port source_port = 0;
};

// False: this user may not have the source port, or another program has it; errno says which.
bool bind_source(const Socket& socket, const Remote& to);

// bind(2) to just this address and port. False: errno says why.
struct OwnEnd;
bool bind_to(const Socket& socket, const OwnEnd& end);

// The address that a packet to there would bear as its source. Sends none. Empty: there is no way.
std::optional<IpAddress> source_for(const IpAddress& address);

// Where a socket that is bound or connected stands. Empty: nowhere yet.
struct OwnEnd {
  IpAddress address;
  Port port = 0;
};
std::optional<OwnEnd> own_end(const Socket& socket);

// Listens at the address; the port is the kernel's choice. Empty: errno says why not.
std::optional<Port> listen(const Socket& socket, const IpAddress& address);

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
