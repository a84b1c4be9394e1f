// IP addresses, prefixes, ports and what carries data over IP: plain, ordered values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress {

enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };
inline constexpr std::array kFamilies{Family::ipv4, Family::ipv6};

// An IPv4 or IPv6 address in network byte order. IPv4 sorts before IPv6, then by value.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(std::array<std::uint8_t, 4> octets);
  static IpAddress v6(const std::array<std::uint8_t, 16>& octets);
  // The lowest and the highest address of a family.
  static IpAddress lowest(Family family);
  static IpAddress highest(Family family);
  // Dotted quad or RFC 4291 text; no zone, no brackets, no octal or short forms.
  static Result<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::ipv4; }
  // 4 or 16 octets.
  std::span<const std::uint8_t> octets() const;
  // RFC 5952 text.
  std::string text() const;
  // The neighbours in the same family; empty past either end.
  bool next(IpAddress& out) const;
  bool previous(IpAddress& out) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> octets_{};  // IPv4 uses the first four, the rest stay zero
};

// "fe80::1%eth0" (RFC 4007): a link-local address means a host only together with its link. Any other has no zone.
struct ZonedAddress {
  IpAddress address;
  std::string zone;
  static Result<ZonedAddress> parse(std::string_view text);
};

// A CIDR prefix whose host bits are zero.
class Prefix {
 public:
  Prefix() = default;
  // Whole address as /32 or /128.
  explicit Prefix(const IpAddress& address);
  // "192.0.2.0/24"; a plain address is a full-length prefix. Host bits that are set are an error
  // which names the prefix that was probably meant.
  static Result<Prefix> parse(std::string_view text);

  Family family() const { return first_.family(); }
  int length() const { return length_; }
  bool is_single() const { return length_ == (first_.is_v4() ? 32 : 128); }
  const IpAddress& first() const { return first_; }
  IpAddress last() const;
  bool contains(const IpAddress& address) const;
  bool overlaps(const Prefix& other) const;
  // "192.0.2.0/24"; a full-length prefix prints as its address.
  std::string text() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  IpAddress first_;
  std::uint8_t length_ = 32;
};

using Port = std::uint16_t;

// first <= last, both at least 1; both 0: of a transport without ports.
struct PortRange {
  Port first = 0;
  Port last = 0;
  bool is_single() const { return first == last; }
  bool contains(Port port) const { return first <= port && port <= last; }
  std::string text() const;  // "443" or "8000-8010"
  auto operator<=>(const PortRange&) const = default;
};

// The values are IP protocol numbers (IANA). Of what is written down `icmp` means both ICMP over IPv4 and ICMPv6.
enum class Transport : std::uint8_t {
  icmp = 1,   // echo requests alone
  ipip = 4,   // IPv4 in IP
  tcp = 6,
  udp = 17,
  gre = 47,
  esp = 50,
  icmp6 = 58,  // as `icmp`, over IPv6
};
// Those that are written down: "tcp", "udp", "icmp", "esp", "gre", "ipip".
inline constexpr std::array kTransports{Transport::tcp, Transport::udp, Transport::icmp,
                                        Transport::esp, Transport::gre, Transport::ipip};
std::string_view text(Transport transport);  // "tcp"; of both `icmp` and `icmp6` "icmp"
Result<Transport> parse_transport(std::string_view text);
inline bool has_ports(Transport transport) { return transport == Transport::tcp || transport == Transport::udp; }
// Whether what it carries are packets of its own, which the other end may send on.
inline bool is_tunnel(Transport transport) {
  return transport == Transport::esp || transport == Transport::gre || transport == Transport::ipip;
}
// As packets of the family bear it.
inline Transport over(Transport transport, Family family) {
  return transport == Transport::icmp && family == Family::ipv6 ? Transport::icmp6 : transport;
}

// "tcp/api.openai.com:443"; of a transport without ports "esp/vpn.example.com". An IPv6 address stands in brackets already.
std::string target_text(Transport transport, const std::string& host, const std::string& ports);

// One place a packet can go.
struct Endpoint {
  IpAddress address;
  Transport transport = Transport::tcp;
  Port port = 0;             // 0: of a transport without ports
  std::string text() const;  // "tcp/192.0.2.1:443", "udp/[2001:db8::1]:53", "esp/192.0.2.1"
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace egress

template <>
struct std::hash<egress::IpAddress> {
  std::size_t operator()(const egress::IpAddress& address) const noexcept;
};
