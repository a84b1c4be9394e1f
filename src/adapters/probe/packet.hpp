// Packets that are neither TCP, UDP nor an echo: each is sent once.
#pragma once

#include <cstdint>

#include "adapters/probe/observation.hpp"
#include "adapters/probe/socket.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

// IANA protocol numbers.
inline constexpr std::uint8_t kGre = 47;
inline constexpr std::uint8_t kEsp = 50;
inline constexpr std::uint8_t kSctp = 132;
inline constexpr std::uint8_t kUdpLite = 136;

// One packet of the protocol; whatever of that protocol comes back from there is an answer.
// UDP-Lite leaves by its own socket, which takes no right, where the kernel has it. Otherwise
// `impossible` with EPERM without CAP_NET_RAW.
Observation send_packet(const IpAddress& to, std::uint8_t protocol, Datagram payload,
                        const Deadline& deadline);

// A piece of a UDP datagram over IPv4, made by hand and not joined with others on its way out
// (raw(7), IP_NODEFRAG).
enum class Piece : std::uint8_t {
  first,  // has the ports
  later,  // has none; no ICMP error ever answers it (RFC 1122 section 3.2.2)
};
Observation send_fragment(const IpAddress& to, Port port, Piece piece, const Deadline& deadline);

}  // namespace egress::probe
