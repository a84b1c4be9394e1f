// The well-known places outside any policy for agents that `verify` tries to reach, unless a file
// names others.
#pragma once

#include <string_view>

#include "egress/policy/outside.hpp"

namespace egress::verify {

using policy::Outside;
using policy::OutsideHost;

// As published in November 2026.
const Outside& well_known();

inline const IpAddress& v4_of(const OutsideHost& host) {
  return host.addresses.front();
}
inline const IpAddress& v6_of(const OutsideHost& host) {
  return host.addresses.back();
}

inline constexpr Port kDns = 53;
inline constexpr Port kDnsOverTls = 853;  // RFC 7858, and RFC 9250 over QUIC
inline constexpr Port kHttps = 443;
inline constexpr Port kDiscard = 9;  // RFC 863: nobody answers

inline IpAddress literal(std::string_view text) {
  return *IpAddress::parse(text);
}

}  // namespace egress::verify
