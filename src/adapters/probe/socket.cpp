#include "adapters/probe/socket.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace egress::probe {

Socket::Socket(Family family, int type, int protocol)
    : fd_(::socket(family == Family::ipv4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
                   protocol)) {
  if (fd_ < 0) return;
  const int off = 0, on = 1;
  // Where either means nothing, it fails, and nothing is lost.
  (void)::setsockopt(fd_, SOL_IPV6, IPV6_V6ONLY, &off, sizeof off);
  (void)::setsockopt(fd_, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

namespace {

struct Name {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Name name_of(const IpAddress& address, Port port) {
  Name name;
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(name.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.octets().data(), 4);
    name.length = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(name.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.octets().data(), 16);
    name.length = sizeof v6;
  }
  return name;
}

}  // namespace

int connect(const Socket& socket, const IpAddress& address, Port port) {
  const Name name = name_of(address, port);
  return ::connect(socket.fd(), name.get(), name.length) == 0 ? 0 : errno;
}

// At one address, since a resolver may have the port at another.
bool bind_source(const Socket& socket, const Remote& to) {
  if (to.source_port == 0) return true;
  const auto source = source_for(to.address);
  const Name name =
      name_of(source ? *source : IpAddress::lowest(to.address.family()), to.source_port);
  return ::bind(socket.fd(), name.get(), name.length) == 0;
}

std::optional<IpAddress> source_for(const IpAddress& address) {
  const Socket socket(address.family(), SOCK_DGRAM, 0);
  if (!socket || connect(socket, address, 9) != 0) return std::nullopt;
  const auto own = own_end(socket);
  return own ? std::optional(own->address) : std::nullopt;
}

bool bind_to(const Socket& socket, const OwnEnd& end) {
  const Name name = name_of(end.address, end.port);
  return ::bind(socket.fd(), name.get(), name.length) == 0;
}

std::optional<Port> listen(const Socket& socket, const IpAddress& address) {
  const Name name = name_of(address, 0);
  if (::bind(socket.fd(), name.get(), name.length) != 0 || ::listen(socket.fd(), 1) != 0)
    return std::nullopt;
  const auto own = own_end(socket);
  return own ? std::optional(own->port) : std::nullopt;
}

std::optional<OwnEnd> own_end(const Socket& socket) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  auto* const name = reinterpret_cast<sockaddr*>(&own);
  if (::getsockname(socket.fd(), name, &length) != 0) return std::nullopt;
  const auto address = to_address(*name);
  if (!address) return std::nullopt;
  // The port stands at the same place for both families.
  return OwnEnd{*address, ntohs(reinterpret_cast<const sockaddr_in&>(own).sin_port)};
}

int send(const Socket& socket, std::span<const std::uint8_t> datagram) {
  return ::send(socket.fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0 ? 0 : errno;
}

short wait(const Socket& socket, short events, const Deadline& deadline) {
  for (;;) {
    pollfd waiting{socket.fd(), events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(deadline.left().count()));
    if (ready > 0) return waiting.revents;
    if (ready == 0 || errno != EINTR) return 0;
  }
}

std::optional<IpAddress> to_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> octets{};
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return IpAddress::v4(octets);
  }
  if (address.sa_family == AF_INET6) {
    std::array<std::uint8_t, 16> octets{};
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return IpAddress::v6(octets);
  }
  return std::nullopt;
}

bool is_local(const IpAddress& address) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr != nullptr && to_address(*one->ifa_addr) == address) return true;
  }
  return false;
}

bool has_route(const IpAddress& address) {
  const Socket socket(address.family(), SOCK_DGRAM, 0);
  if (!socket) return errno != EAFNOSUPPORT;
  const int error = connect(socket, address, 9);
  return error != ENETUNREACH && error != EADDRNOTAVAIL;
}

}  // namespace egress::probe
