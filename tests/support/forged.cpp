#include "support/forged.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "support/address.hpp"

namespace egress::test {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kHeader4 = 20, kHeader6 = 40;
constexpr std::uint8_t kHops = 64;

bool is_v4(const std::string& address) {
  return address.find(':') == std::string::npos;
}

void append(Octets& out, std::uint64_t value, int octets) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> static_cast<unsigned>(shift)));
}

void append(Octets& out, std::span<const std::uint8_t> more) {
  out.insert(out.end(), more.begin(), more.end());
}

void append(Octets& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

void append_address(Octets& out, const std::string& address) {
  const int family = is_v4(address) ? AF_INET : AF_INET6;
  Octets octets(family == AF_INET ? 4 : 16);
  if (inet_pton(family, address.c_str(), octets.data()) != 1)
    throw std::invalid_argument("not an address: " + address);
  append(out, octets);
}

// RFC 1071.
std::uint16_t checksum(const Octets& octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i)
    sum += static_cast<std::uint32_t>(octets[i]) << (i % 2 == 0 ? 8U : 0U);
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

// RFC 9293 section 3.1, RFC 8200 section 8.1.
Octets pseudo_header(const Ends& ends, std::uint8_t protocol, std::size_t length) {
  Octets out;
  append_address(out, ends.source);
  append_address(out, ends.destination);
  append(out, length, 4);
  append(out, protocol, 4);
  return out;
}

Octets ip_header(const Ends& ends, std::uint8_t protocol, std::uint8_t hops, std::size_t length) {
  Octets out;
  if (is_v4(ends.source)) {
    append(out, 0x4500, 2);
    append(out, kHeader4 + length, 2);
    append(out, 0, 4);
    append(out, hops, 1);
    append(out, protocol, 1);
    append(out, 0, 2);
  } else {
    append(out, 0x60000000, 4);
    append(out, length, 2);
    append(out, protocol, 1);
    append(out, hops, 1);
  }
  append_address(out, ends.source);
  append_address(out, ends.destination);
  if (is_v4(ends.source)) {
    const std::uint16_t sum = checksum(out);
    out[10] = static_cast<std::uint8_t>(sum >> 8U);
    out[11] = static_cast<std::uint8_t>(sum);
  }
  return out;
}

// `sum_at`: where in the transport's header its checksum is.
IpPacket packet_of(const Ends& ends, std::uint8_t protocol, Octets transport, std::size_t sum_at,
                   std::uint8_t hops = kHops) {
  Octets summed =
      protocol == IPPROTO_ICMP ? Octets{} : pseudo_header(ends, protocol, transport.size());
  append(summed, transport);
  const std::uint16_t sum = checksum(summed);
  transport[sum_at] = static_cast<std::uint8_t>(sum >> 8U);
  transport[sum_at + 1] = static_cast<std::uint8_t>(sum);
  IpPacket packet = ip_header(ends, protocol, hops, transport.size());
  append(packet, transport);
  return packet;
}

}  // namespace

IpPacket forged_udp(const Ends& ends, std::string_view payload) {
  Octets datagram;
  for (const std::size_t word : {std::size_t{ends.source_port}, std::size_t{ends.destination_port},
                                 payload.size() + 8, std::size_t{0}})
    append(datagram, word, 2);
  append(datagram, payload);
  return packet_of(ends, IPPROTO_UDP, std::move(datagram), 6);
}

IpPacket forged_tcp(const Ends& ends, const Segment& segment, std::string_view payload) {
  constexpr std::uint16_t kFiveWords = 0x5000, kWindow = 0xffff;
  Octets out;
  append(out, ends.source_port, 2);
  append(out, ends.destination_port, 2);
  append(out, segment.sequence, 4);
  append(out, segment.acknowledged, 4);
  append(out, static_cast<std::uint64_t>(kFiveWords | segment.flags), 2);
  append(out, kWindow, 2);
  append(out, 0, 4);
  append(out, payload);
  return packet_of(ends, IPPROTO_TCP, std::move(out), 16);
}

IpPacket forged_icmp(const Ends& ends, const IcmpMessage& message) {
  Octets out{message.type, message.code, 0, 0};
  append(out, message.word, 4);
  append(out, message.body);
  const std::uint8_t protocol = is_v4(ends.source) ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  return packet_of(ends, protocol, std::move(out), 2, message.hops);
}

IpPacket forged_echo(const Ends& ends, std::string_view payload) {
  constexpr std::uint8_t kRequest4 = 8, kRequest6 = 128;
  IcmpMessage message{.type = is_v4(ends.source) ? kRequest4 : kRequest6, .word = ends.source_port};
  append(message.body, payload);
  return forged_icmp(ends, message);
}

IpPacket with_options(IpPacket packet) {
  constexpr std::size_t kLength = 5, kNext = 6, kOptions = 8;
  constexpr std::uint8_t kPadding[] = {1, 4, 0, 0, 0, 0};
  Octets options{packet.at(kNext), 0};
  append(options, kPadding);
  packet[kNext] = IPPROTO_DSTOPTS;
  packet[kLength] = static_cast<std::uint8_t>(packet[kLength] + kOptions);
  packet.insert(packet.begin() + kHeader6, options.begin(), options.end());
  return packet;
}

IcmpMessage quoting(std::uint8_t type, std::uint8_t code, const IpPacket& packet,
                    std::uint32_t word) {
  return {.type = type, .code = code, .word = word, .body = packet};
}

int send_forged(const std::string& netns, const IpPacket& packet, const std::string& device) {
  return in_namespace(netns, [&] {
    const bool is_4 = packet.at(0) >> 4U == 4;
    const int family = is_4 ? AF_INET : AF_INET6;
    const int made = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (made < 0) throw std::system_error(errno, std::generic_category(), "raw socket");
    if (!device.empty())
      setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                 static_cast<socklen_t>(device.size()));
    std::string text(INET6_ADDRSTRLEN, '\0');
    inet_ntop(family, packet.data() + (is_4 ? kHeader4 - 4 : kHeader6 - 16), text.data(),
              static_cast<socklen_t>(text.size()));
    const SocketAddress to(text.c_str() + (device.empty() || is_4 ? "" : "%" + device), 0);
    const ssize_t sent = sendto(made, packet.data(), packet.size(), 0, to.get(), to.length);
    const int error = sent < 0 ? errno : 0;
    close(made);
    return error;
  });
}

}  // namespace egress::test
