#include "adapters/probe/udp_packet.hpp"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace egress::probe {

namespace {

constexpr std::uint8_t kHops = 64;
constexpr std::size_t kUdpHeader = 8;

void put16(Octets& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t get16(Datagram octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

void append(Octets& out, Datagram more) {
  out.insert(out.end(), more.begin(), more.end());
}

// RFC 1071.
std::uint16_t checksum(Octets text) {
  if (text.size() % 2 != 0) text.push_back(0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < text.size(); i += 2) sum += get16(text, i);
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

// Over the addresses too (RFC 8200 section 8.1); 0 would mean none.
std::uint16_t udp_checksum(const End& from, const End& to, const Octets& datagram) {
  Octets text;
  append(text, from.address.octets());
  append(text, to.address.octets());
  put16(text, IPPROTO_UDP);
  put16(text, datagram.size());
  append(text, datagram);
  const std::uint16_t sum = checksum(std::move(text));
  return sum == 0 ? 0xffff : sum;
}

Octets udp(const End& from, const End& to, Datagram payload) {
  Octets datagram;
  put16(datagram, from.port);
  put16(datagram, to.port);
  put16(datagram, kUdpHeader + payload.size());
  put16(datagram, 0);
  append(datagram, payload);
  const std::uint16_t sum = udp_checksum(from, to, datagram);
  datagram[6] = static_cast<std::uint8_t>(sum >> 8U);
  datagram[7] = static_cast<std::uint8_t>(sum);
  return datagram;
}

Octets header4(const End& from, const End& to, std::size_t payload) {
  iphdr header{};
  header.version = 4;
  header.ihl = sizeof header / 4;
  header.ttl = kHops;
  header.protocol = IPPROTO_UDP;
  header.tot_len = htons(static_cast<std::uint16_t>(sizeof header + payload));
  std::memcpy(&header.saddr, from.address.octets().data(), sizeof header.saddr);
  std::memcpy(&header.daddr, to.address.octets().data(), sizeof header.daddr);
  Octets packet(sizeof header);
  std::memcpy(packet.data(), &header, sizeof header);
  header.check = htons(checksum(packet));
  std::memcpy(packet.data(), &header, sizeof header);
  return packet;
}

Octets header6(const End& from, const End& to, std::size_t payload) {
  ip6_hdr header{};
  header.ip6_flow = htonl(6U << 28U);
  header.ip6_plen = htons(static_cast<std::uint16_t>(payload));
  header.ip6_nxt = IPPROTO_UDP;
  header.ip6_hlim = kHops;
  std::memcpy(&header.ip6_src, from.address.octets().data(), sizeof header.ip6_src);
  std::memcpy(&header.ip6_dst, to.address.octets().data(), sizeof header.ip6_dst);
  Octets packet(sizeof header);
  std::memcpy(packet.data(), &header, sizeof header);
  return packet;
}

IpAddress v4_at(Datagram packet, std::size_t at) {
  std::array<std::uint8_t, 4> octets{};
  std::memcpy(octets.data(), &packet[at], octets.size());
  return IpAddress::v4(octets);
}

IpAddress v6_at(Datagram packet, std::size_t at) {
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &packet[at], octets.size());
  return IpAddress::v6(octets);
}

// What is behind the IP header.
Packet with_payload(Packet packet, Datagram rest) {
  if (packet.protocol != IPPROTO_UDP || rest.size() < kUdpHeader) return packet;
  packet.from.port = get16(rest, 0);
  packet.to.port = get16(rest, 2);
  packet.payload = rest.subspan(kUdpHeader);
  return packet;
}

}  // namespace

Octets udp_packet(const End& from, const End& to, Datagram payload) {
  const Octets datagram = udp(from, to, payload);
  Octets packet = from.address.is_v4() ? header4(from, to, datagram.size())
                                       : header6(from, to, datagram.size());
  append(packet, datagram);
  return packet;
}

void put_checksum(Octets& message, std::size_t at) {
  const std::uint16_t sum = checksum(message);
  message[at] = static_cast<std::uint8_t>(sum >> 8U);
  message[at + 1] = static_cast<std::uint8_t>(sum);
}

std::optional<Packet> parse_packet(Datagram packet) {
  if (packet.empty()) return std::nullopt;
  const bool is_v4 = packet[0] >> 4U == 4;
  const std::size_t header = is_v4 ? (packet[0] & 0x0fU) * 4U : sizeof(ip6_hdr);
  if (packet.size() < std::max(header, sizeof(iphdr))) return std::nullopt;
  if (is_v4)
    return with_payload({{v4_at(packet, 12), 0}, {v4_at(packet, 16), 0}, packet[9], {}},
                        packet.subspan(header));
  if (packet[0] >> 4U != 6) return std::nullopt;
  return with_payload({{v6_at(packet, 8), 0}, {v6_at(packet, 24), 0}, packet[6], {}},
                      packet.subspan(header));
}

}  // namespace egress::probe
