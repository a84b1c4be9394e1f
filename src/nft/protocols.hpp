// Numbers of protocols as `meta l4proto` compares them (IANA, IPPROTO_*), and addresses that have a
// meaning of their own.
#pragma once

#include <cstdint>

#include "egress/core/ip_address.hpp"

namespace egress::nft {

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kIpip = 4;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kGre = 47;
inline constexpr std::uint8_t kEsp = 50;
inline constexpr std::uint8_t kIcmp6 = 58;
inline constexpr Port kDns = 53;

inline IpAddress loopback(Family family) {
  return *IpAddress::parse(family == Family::ipv4 ? "127.0.0.1" : "::1");
}

}  // namespace egress::nft
