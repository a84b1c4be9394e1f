#include "adapters/probe/ping.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "adapters/probe/error_queue.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

namespace {

// RFC 792 and RFC 4443 section 4: type, code, checksum, identifier, sequence, then data of our own.
constexpr std::uint8_t kEchoRequest4 = 8;
constexpr std::uint8_t kEchoReply4 = 0;
constexpr std::uint8_t kEchoRequest6 = 128;
constexpr std::uint8_t kEchoReply6 = 129;
constexpr std::size_t kHeader = 8;
using Echo = std::array<std::uint8_t, kHeader + 16>;

// RFC 1071. Datagram sockets and IPv6 have the kernel fill it in; a raw IPv4 socket does not.
void set_checksum(Echo& echo) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < echo.size(); i += 2) {
    sum += static_cast<std::uint32_t>(echo[i] << 8 | echo[i + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  sum = ~sum;
  echo[2] = static_cast<std::uint8_t>(sum >> 8);
  echo[3] = static_cast<std::uint8_t>(sum);
}

Echo make_echo(Family family) {
  Echo echo{};
  echo[0] = family == Family::ipv4 ? kEchoRequest4 : kEchoRequest6;
  std::random_device random;
  std::generate(echo.begin() + 4, echo.end(), [&] { return static_cast<std::uint8_t>(random()); });
  set_checksum(echo);
  return echo;
}

// A raw IPv4 socket delivers the IP header too. The reply is ours when it brings our data back: the
// kernel picks the identifier of a datagram socket itself.
bool is_reply(const Echo& request, Family family, bool has_ip_header, Datagram packet) {
  if (has_ip_header) {
    const std::size_t header = packet.empty() ? 0U : (packet[0] & 0x0fU) * 4U;
    if (packet.size() < header) return false;
    packet = packet.subspan(header);
  }
  const std::uint8_t type = family == Family::ipv4 ? kEchoReply4 : kEchoReply6;
  return packet.size() == request.size() && packet[0] == type &&
         std::equal(packet.begin() + kHeader, packet.end(), request.begin() + kHeader);
}

}  // namespace

Observation ping(const IpAddress& address, const Deadline& deadline) {
  if (!has_route(address)) return no_route();
  const Family family = address.family();
  const int protocol = family == Family::ipv4 ? static_cast<int>(IPPROTO_ICMP) : IPPROTO_ICMPV6;
  Socket socket(family, SOCK_DGRAM, protocol);
  const bool is_raw = !socket;
  if (is_raw) socket = Socket(family, SOCK_RAW, protocol);
  if (!socket || !queue_errors(socket, family) || connect(socket, address, 0) != 0)
    return impossible(errno);
  const Echo request = make_echo(family);
  const bool has_ip_header = is_raw && family == Family::ipv4;
  const auto accepts = [&](Datagram packet) {
    return is_reply(request, family, has_ip_header, packet);
  };
  Observation seen = exchange(socket, address, request, accepts, Tries::once, deadline);
  // A raw socket hears other messages from that address as well; they answer nothing of ours.
  if (is_raw && seen.outcome == Outcome::wrong_answer) seen.outcome = Outcome::timeout;
  return seen;
}

}  // namespace egress::probe
