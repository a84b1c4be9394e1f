#include "adapters/dns_listener/socket_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace egress::dns_listener {

IpAddress to_address(const in_addr& address) {
  std::array<std::uint8_t, 4> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return IpAddress::v4(octets);
}

IpAddress to_address(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr inner{};
    std::memcpy(&inner, address.s6_addr + 12, sizeof inner);
    return to_address(inner);
  }
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return IpAddress::v6(octets);
}

in_addr to_in_addr(const IpAddress& address) {
  in_addr converted{};
  std::memcpy(&converted, address.octets().data(), sizeof converted);
  return converted;
}

in6_addr to_in6_addr(const IpAddress& address) {
  in6_addr converted{};
  if (address.is_v4()) converted.s6_addr[10] = converted.s6_addr[11] = 0xff;
  const auto octets = address.octets();
  std::ranges::copy(octets, converted.s6_addr + (sizeof converted - octets.size()));
  return converted;
}

bool needs_interface(const IpAddress& address) {
  const auto octets = address.octets();
  return !address.is_v4() && octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
}

SocketAddress::SocketAddress(int domain, const IpAddress& address, Port port,
                             std::uint32_t interface) {
  if (domain == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr = to_in_addr(address);
    std::memcpy(&storage_, &v4, sizeof v4);
    length_ = sizeof v4;
    return;
  }
  storage_.sin6_family = AF_INET6;
  storage_.sin6_port = htons(port);
  storage_.sin6_addr = to_in6_addr(address);
  storage_.sin6_scope_id = needs_interface(address) ? interface : 0;
}

IpAddress SocketAddress::address() const {
  return storage_.sin6_family == AF_INET ? to_address(v4().sin_addr)
                                         : to_address(storage_.sin6_addr);
}

Port SocketAddress::port() const {
  return ntohs(storage_.sin6_family == AF_INET ? v4().sin_port : storage_.sin6_port);
}

}  // namespace egress::dns_listener
