// Addresses as the kernel writes them into its messages.
#pragma once

#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "egress/core/ip_address.hpp"

namespace egress::host {

// `octets` are 4, or for AF_INET6 16; IPv4 within IPv6 (::ffff:0:0/96) comes out as IPv4.
inline IpAddress read_address(int family, const void* octets) {
  const auto* bytes = static_cast<const std::uint8_t*>(octets);
  std::array<std::uint8_t, 16> all{};
  std::copy_n(bytes, family == AF_INET ? 4 : 16, all.begin());
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family == AF_INET) return IpAddress::v4({all[0], all[1], all[2], all[3]});
  if (std::equal(kMapped.begin(), kMapped.end(), all.begin()))
    return IpAddress::v4({all[12], all[13], all[14], all[15]});
  return IpAddress::v6(all);
}

}  // namespace egress::host
