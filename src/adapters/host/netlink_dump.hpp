// Listings over the kernel's plain netlink protocols: sock_diag(7), rtnetlink(7). They need no
// right.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <span>

#include "egress/core/result.hpp"

namespace egress::host {

using Octets = std::span<const std::uint8_t>;

// Asks with a message of this type and fixed part, and hands the inside of each answer to `take`. A
// listing that a change interrupted is begun anew: `restart` is called before each.
Result<void> dump(int protocol, std::uint16_t type, Octets request,
                  const std::function<void()>& restart, const std::function<void(Octets)>& take);

// The value at the beginning; what is missing is zero.
template <class T>
T read(Octets octets) {
  T value{};
  if (octets.empty()) return value;
  std::memcpy(&value, octets.data(), octets.size() < sizeof value ? octets.size() : sizeof value);
  return value;
}
// The value of a message's attribute behind its fixed part; empty: it has none of this type.
Octets attribute(Octets message, std::size_t fixed_part, std::uint16_t type);
template <class T>
Octets octets_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

}  // namespace egress::host
