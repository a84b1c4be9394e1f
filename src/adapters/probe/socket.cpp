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
                   protocol)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

int connect(const Socket& socket, const IpAddress& address, Port port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const sockaddr* target = nullptr;
  socklen_t length = 0;
  if (address.is_v4()) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.octets().data(), 4);
    target = reinterpret_cast<const sockaddr*>(&v4);
    length = sizeof v4;
  } else {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.octets().data(), 16);
    target = reinterpret_cast<const sockaddr*>(&v6);
    length = sizeof v6;
  }
  return ::connect(socket.fd(), target, length) == 0 ? 0 : errno;
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
