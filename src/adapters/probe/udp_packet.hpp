// A whole IP packet that carries a UDP datagram or an ICMP message, as a link carries it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "adapters/probe/socket.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

using Octets = std::vector<std::uint8_t>;
using End = OwnEnd;  // or the other one

// With all its checksums: RFC 791, RFC 8200, RFC 768.
Octets udp_packet(const End& from, const End& to, Datagram payload);

// Sets the checksum (RFC 1071) of a message, at an offset where it is 0 yet.
void put_checksum(Octets& message, std::size_t at);

// What came by a link: who sent it to whom. The ports are those of UDP, else 0.
struct Packet {
  End from, to;
  std::uint8_t protocol = 0;
  Datagram payload;  // of UDP
};
// Empty: it is no IP packet, or cut short, or has extension headers.
std::optional<Packet> parse_packet(Datagram packet);

}  // namespace egress::probe
