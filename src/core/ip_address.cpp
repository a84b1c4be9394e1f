#include "egress/core/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "egress/core/text.hpp"

namespace egress {

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& octets) {
  IpAddress address;
  address.family_ = Family::ipv6;
  address.octets_ = octets;
  return address;
}

IpAddress IpAddress::lowest(Family family) {
  return family == Family::ipv4 ? v4({}) : v6({});
}

IpAddress IpAddress::highest(Family family) {
  std::array<std::uint8_t, 16> ones{};
  ones.fill(0xff);
  return family == Family::ipv4 ? v4({0xff, 0xff, 0xff, 0xff}) : v6(ones);
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton wants a C string: too long a text, or one with a NUL inside, is no address.
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() < buffer.size() && text.find('\0') == text.npos) {
    std::ranges::copy(text, buffer.begin());
    std::array<std::uint8_t, 4> octets4{};
    if (inet_pton(AF_INET, buffer.data(), octets4.data()) == 1) return v4(octets4);
    std::array<std::uint8_t, 16> octets6{};
    if (inet_pton(AF_INET6, buffer.data(), octets6.data()) == 1) return v6(octets6);
  }
  return fail(quoted(text) + " is not an IPv4 or IPv6 address");
}

std::span<const std::uint8_t> IpAddress::octets() const {
  return {octets_.data(), is_v4() ? std::size_t{4} : std::size_t{16}};
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), buffer.data(), buffer.size());
}

bool IpAddress::next(IpAddress& out) const {
  if (*this == highest(family_)) return false;
  out = *this;
  std::size_t i = octets().size() - 1;
  while (++out.octets_[i] == 0) --i;
  return true;
}

bool IpAddress::previous(IpAddress& out) const {
  if (*this == lowest(family_)) return false;
  out = *this;
  std::size_t i = octets().size() - 1;
  while (out.octets_[i]-- == 0) --i;
  return true;
}

}  // namespace egress

// Multiply and fold twice, so that neighbouring addresses land far apart.
std::size_t std::hash<egress::IpAddress>::operator()(
    const egress::IpAddress& address) const noexcept {
  std::array<std::uint64_t, 2> halves{};
  const auto octets = address.octets();
  std::memcpy(halves.data(), octets.data(), octets.size());
  std::uint64_t mixed = halves[0] ^ static_cast<std::uint64_t>(address.family());
  mixed = (mixed ^ (mixed >> 32)) * 0x9e3779b97f4a7c15U;
  mixed ^= std::rotl(halves[1], 23);
  mixed = (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9U;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}
