#include "adapters/probe/packet.hpp"

#include <netinet/in.h>
#include <netinet/ip.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "adapters/probe/error_queue.hpp"

namespace egress::probe {

namespace {

constexpr int kIpNodefrag = 22;  // linux/in.h, which cannot stand beside netinet/in.h
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint8_t kHops = 64;

// What came to a raw socket before it was connected: of its protocol, from wherever.
void forget_strangers(const Socket& socket, const Deadline& deadline) {
  std::array<char, 1> octet;
  while (!deadline.passed() && ::recv(socket.fd(), octet.data(), octet.size(), MSG_DONTWAIT) >= 0) {
  }
}

// On a socket for `family` that may not be there; errno then says why.
Observation exchange_with(const Socket& socket, const IpAddress& to, Port port, Datagram packet,
                          const Deadline& deadline) {
  if (!socket || !queue_errors(socket, to.family())) return impossible(errno);
  if (const int error = connect(socket, to, port); error != 0) {
    Observation seen;
    seen.outcome = Outcome::refused;
    seen.error = error;
    return seen;
  }
  forget_strangers(socket, deadline);
  return exchange(socket, to, packet, accept_any, Tries::once, deadline);
}

Socket socket_for(Family family, std::uint8_t protocol) {
  if (protocol == kUdpLite) {
    if (Socket own(family, SOCK_DGRAM, protocol); own) return own;
  }
  return {family, SOCK_RAW, protocol};
}

void put16(std::vector<std::uint8_t>& out, std::size_t at, std::size_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8U);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 791 and RFC 768. The kernel fills in the source, the id and the header's checksum.
std::vector<std::uint8_t> fragment(const IpAddress& to, Port port, Piece piece) {
  constexpr std::size_t kHeader = sizeof(iphdr), kData = 16;
  std::vector<std::uint8_t> packet(kHeader + kData);
  iphdr header{};
  header.version = 4;
  header.ihl = kHeader / 4;
  header.ttl = kHops;
  header.protocol = IPPROTO_UDP;
  header.tot_len = htons(static_cast<std::uint16_t>(packet.size()));
  header.frag_off = htons(piece == Piece::first ? kMoreFragments : std::uint16_t{kData / 8});
  std::memcpy(&header.daddr, to.octets().data(), sizeof header.daddr);
  std::memcpy(packet.data(), &header, sizeof header);
  if (piece == Piece::first) {
    put16(packet, kHeader, port);
    put16(packet, kHeader + 2, port);
    put16(packet, kHeader + 4, 2 * kData);  // as much as both pieces carry
  }
  return packet;
}

}  // namespace

Observation send_packet(const IpAddress& to, std::uint8_t protocol, Datagram payload,
                        const Deadline& deadline) {
  if (!has_route(to)) return no_route();
  const Socket socket = socket_for(to.family(), protocol);
  // To a raw socket the port means nothing, but IPv6 allows none that is another protocol's number.
  int type = 0;
  socklen_t length = sizeof type;
  const bool is_raw = socket &&
                      ::getsockopt(socket.fd(), SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
                      type == SOCK_RAW;
  return exchange_with(socket, to, is_raw ? 0 : 9, payload, deadline);
}

Observation send_fragment(const IpAddress& to, Port port, Piece piece, const Deadline& deadline) {
  if (!has_route(to)) return no_route();
  // Of UDP's number, so that an error about a datagram comes to it. No error is made about a later
  // piece: one that came would be about another probe, and take the place of the sending.
  const Socket socket(Family::ipv4, SOCK_RAW, piece == Piece::first ? IPPROTO_UDP : IPPROTO_RAW);
  const int on = 1;
  if (!socket || ::setsockopt(socket.fd(), SOL_IP, IP_HDRINCL, &on, sizeof on) != 0 ||
      ::setsockopt(socket.fd(), SOL_IP, kIpNodefrag, &on, sizeof on) != 0)
    return impossible(errno);
  return exchange_with(socket, to, 0, fragment(to, port, piece), deadline);
}

}  // namespace egress::probe
