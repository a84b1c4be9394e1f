#include "adapters/host/addresses.hpp"

#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "adapters/host/rtnetlink.hpp"
#include "adapters/system_error.hpp"

namespace egress::host {
namespace {

IpAddress address_of(const sockaddr_in& address) {
  std::array<std::uint8_t, 4> octets{};
  std::memcpy(octets.data(), &address.sin_addr, octets.size());
  return IpAddress::v4(octets);
}

IpAddress address_of(const sockaddr_in6& address) {
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &address.sin6_addr, octets.size());
  return IpAddress::v6(octets);
}

}  // namespace

Result<std::set<IpAddress>> own_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return fail_errno("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(first, &freeifaddrs);
  std::set<IpAddress> found;
  for (const ifaddrs* it = first; it != nullptr; it = it->ifa_next) {
    if (it->ifa_addr == nullptr) continue;
    if (it->ifa_addr->sa_family == AF_INET)
      found.insert(address_of(*reinterpret_cast<const sockaddr_in*>(it->ifa_addr)));
    if (it->ifa_addr->sa_family == AF_INET6)
      found.insert(address_of(*reinterpret_cast<const sockaddr_in6*>(it->ifa_addr)));
  }
  return found;
}

Result<AddressWatch> AddressWatch::open() {
  auto socket = follow(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
  if (!socket) return tl::unexpected(socket.error());
  AddressWatch watch(*std::move(socket));
  auto addresses = own_addresses();  // after the socket: a change in between is noticed
  if (!addresses) return tl::unexpected(addresses.error());
  watch.addresses_ = std::move(*addresses);
  return watch;
}

Result<bool> AddressWatch::dispatch() {
  drain(socket_.get());
  auto addresses = own_addresses();
  if (!addresses) return tl::unexpected(addresses.error());
  if (*addresses == addresses_) return false;
  addresses_ = std::move(*addresses);
  return true;
}

}  // namespace egress::host
