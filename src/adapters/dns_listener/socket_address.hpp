// Addresses and ports to and from what the socket calls take.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "egress/core/ip_address.hpp"

namespace egress::dns_listener {

// An IPv4 address that stands inside an IPv6 one (::ffff:0:0/96) comes out as IPv4.
IpAddress to_address(const in_addr& address);
IpAddress to_address(const in6_addr& address);

in_addr to_in_addr(const IpAddress& address);    // IPv4 only
in6_addr to_in6_addr(const IpAddress& address);  // IPv4 as ::ffff:a.b.c.d

// An address means nothing without its interface: fe80::/10.
bool needs_interface(const IpAddress& address);

// What a socket of AF_INET or AF_INET6 sends to or receives from.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(int domain, const IpAddress& address, Port port, std::uint32_t interface);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  static constexpr socklen_t room() { return sizeof(sockaddr_in6); }

  IpAddress address() const;
  Port port() const;

 private:
  const sockaddr_in& v4() const { return reinterpret_cast<const sockaddr_in&>(storage_); }
  sockaddr_in6 storage_{};  // begins like, and is longer than, sockaddr_in
  socklen_t length_ = sizeof(sockaddr_in6);
};

}  // namespace egress::dns_listener
