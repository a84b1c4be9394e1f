#include "adapters/dns_listener/sockets.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "adapters/dns_listener/socket_address.hpp"
#include "adapters/system_error.hpp"

namespace egress::dns_listener {
namespace {

// A burst of questions waits here while a turn of the loop commits the last ones.
constexpr int kDatagramRoom = 4 << 20;
// Of each connection; the kernel doubles it. Small, so that clients that never read cannot pin much
// of its memory; a whole message fits.
constexpr int kStreamRoom = 64 << 10;

bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

int get(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

// Without the privilege to force it, the ordinary limit has to do.
void make_room(int fd) {
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kDatagramRoom))
    set(fd, SOL_SOCKET, SO_RCVBUF, kDatagramRoom);
  if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, kDatagramRoom))
    set(fd, SOL_SOCKET, SO_SNDBUF, kDatagramRoom);
}

bool set_flags(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
         fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

// IPV6_RECVPKTINFO is enough for a dual-stack socket: it notes IPv4 arrivals as mapped addresses.
bool prepare_datagram(int fd, int domain) {
  make_room(fd);
  return set_flags(fd) && (domain == AF_INET ? set(fd, IPPROTO_IP, IP_PKTINFO, 1)
                                             : set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
}

// Accepted connections inherit these.
bool prepare_stream(int fd) {
  set(fd, SOL_SOCKET, SO_RCVBUF, kStreamRoom);
  set(fd, SOL_SOCKET, SO_SNDBUF, kStreamRoom);
  return set_flags(fd) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

bool keep(Sockets& sockets, FileDescriptor socket, int domain, int type) {
  const int fd = socket.get();
  if (type == SOCK_DGRAM) {
    sockets.datagram.push_back({std::move(socket), domain});
    return prepare_datagram(fd, domain);
  }
  sockets.stream.push_back(std::move(socket));
  return prepare_stream(fd);
}

tl::unexpected<Error> cannot_bind(int domain, int type, Port port) {
  const std::string number = std::to_string(port);
  const std::string transport = type == SOCK_DGRAM ? "udp" : "tcp";
  const std::string place = (domain == AF_INET ? "0.0.0.0:" : "[::]:") + number;
  if (errno != EADDRINUSE) return fail_errno("cannot listen for DNS at " + transport + " " + place);
  return fail("cannot listen for DNS at " + transport + " " + place +
              ": another program has the port; `ss -lnp 'sport = :" + number +
              "'` names it, stop it");
}

bool bind_any(int fd, int domain, int type, Port port) {
  if (type == SOCK_STREAM && !set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return false;
  if (domain == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return false;
  const auto any = IpAddress::lowest(domain == AF_INET ? Family::ipv4 : Family::ipv6);
  SocketAddress address(domain, any, port, 0);
  return bind(fd, address.get(), address.length()) == 0 &&
         (type == SOCK_DGRAM || listen(fd, SOMAXCONN) == 0);
}

bool lacks_family(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

Result<void> open_socket(Sockets& sockets, int domain, int type, Port port) {
  FileDescriptor opened(socket(domain, type | SOCK_CLOEXEC, 0));
  if (!opened.is_open() || !bind_any(opened.get(), domain, type, port)) {
    if (domain == AF_INET6 && lacks_family(errno)) return {};
    return cannot_bind(domain, type, port);
  }
  if (!keep(sockets, std::move(opened), domain, type)) return fail_errno("DNS socket options");
  return {};
}

// What is wrong with a socket that was handed over; empty: nothing.
std::string fault_of(int fd) {
  const int domain = get(fd, SO_DOMAIN);
  const int type = get(fd, SO_TYPE);
  const int protocol = get(fd, SO_PROTOCOL);
  if (type < 0) return "is not a socket";
  if (domain != AF_INET && domain != AF_INET6) return "is neither an IPv4 nor an IPv6 socket";
  if (!(type == SOCK_DGRAM && protocol == IPPROTO_UDP) &&
      !(type == SOCK_STREAM && protocol == IPPROTO_TCP))
    return "is neither a UDP nor a TCP socket";
  SocketAddress bound;
  socklen_t length = SocketAddress::room();
  if (getsockname(fd, bound.get(), &length) != 0 || bound.port() == 0) return "is not bound";
  if (type == SOCK_STREAM && get(fd, SO_ACCEPTCONN) != 1) return "is a TCP socket not listening";
  if (type == SOCK_DGRAM && getpeername(fd, bound.get(), &length) == 0)
    return "is a UDP socket connected to one peer";
  return "";
}

}  // namespace

Result<Sockets> open_sockets(Port port) {
  Sockets sockets;
  for (const int domain : {AF_INET, AF_INET6})
    for (const int type : {SOCK_DGRAM, SOCK_STREAM})
      if (auto opened = open_socket(sockets, domain, type, port); !opened)
        return tl::unexpected(opened.error());
  return sockets;
}

Result<Sockets> adopt_sockets(const std::vector<int>& descriptors) {
  std::vector<FileDescriptor> owned;
  for (const int fd : descriptors) owned.emplace_back(fd);
  if (owned.empty()) return fail("no sockets for DNS were handed over: see the socket units");
  Sockets sockets;
  for (FileDescriptor& socket : owned) {
    const int fd = socket.get();
    const std::string name =
        "the socket for DNS that was handed over as descriptor " + std::to_string(fd);
    if (const std::string fault = fault_of(fd); !fault.empty())
      return fail(name + " " + fault + ": it must be a bound UDP or a listening TCP socket");
    if (!keep(sockets, std::move(socket), get(fd, SO_DOMAIN), get(fd, SO_TYPE)))
      return fail_errno(name);
  }
  return sockets;
}

}  // namespace egress::dns_listener
