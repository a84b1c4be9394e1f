#include "support/tap.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/address.hpp"
#include "support/dns_message.hpp"

namespace egress::test {
namespace {

using Octets = std::span<const std::uint8_t>;

std::string text(int family, Octets address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return inet_ntop(family, address.data(), buffer.data(), buffer.size());
}

// `at`: 0 the source's, 2 the destination's.
std::uint16_t port(std::uint8_t protocol, Octets transport, std::size_t at) {
  if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || transport.size() < 4) return 0;
  return static_cast<std::uint16_t>(transport[at] << 8 | transport[at + 1]);
}

// Where the payload begins, no further than the packet's end.
std::size_t payload_at(std::uint8_t protocol, Octets packet, std::size_t transport) {
  std::size_t at = transport;
  if (protocol == IPPROTO_UDP) at += 8;
  if (protocol == IPPROTO_TCP && packet.size() >= transport + 20)
    at += (packet[transport + 12] >> 4U) * 4U;
  return std::min(at, packet.size());
}

// `addresses`: where the source's address begins, with the destination's behind it.
SeenPacket make_packet(Octets packet, int family, std::size_t addresses, std::size_t transport) {
  transport = std::min(transport, packet.size());
  const std::size_t length = family == AF_INET ? 4 : 16;
  const std::uint8_t protocol = packet[family == AF_INET ? 9 : 6];
  return {protocol,
          text(family, packet.subspan(addresses, length)),
          text(family, packet.subspan(addresses + length, length)),
          port(protocol, packet.subspan(transport), 0),
          port(protocol, packet.subspan(transport), 2),
          std::vector<std::uint8_t>(packet.begin(), packet.end()),
          payload_at(protocol, packet, transport)};
}

// IPv6 extension headers and later fragments are not looked into: of those only carried() tells.
std::optional<SeenPacket> decode(Octets packet) {
  if (packet.size() >= 20 && packet[0] >> 4 == 4)
    return make_packet(packet, AF_INET, 12, (packet[0] & 15U) * 4U);
  if (packet.size() >= 40 && packet[0] >> 4 == 6) return make_packet(packet, AF_INET6, 8, 40);
  return std::nullopt;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The DNS message that a packet to port 53 carries, without the length that TCP puts in front.
Octets dns_of(const SeenPacket& packet) {
  if (packet.port != 53) return {};
  const Octets payload = Octets(packet.octets).subspan(packet.payload);
  const std::size_t prefix = packet.protocol == IPPROTO_TCP ? 2 : 0;
  return payload.size() > prefix ? payload.subspan(prefix) : Octets{};
}

int open_tap(const std::string& interface) {
  const int descriptor =
      socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
  const int room = 32 << 20;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if ((address.sll_ifindex == 0 && !interface.empty()) ||
      bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "tap on " + interface);
  }
  return descriptor;
}

}  // namespace

bool SeenPacket::carries(std::string_view wanted) const {
  return std::search(octets.begin(), octets.end(), wanted.begin(), wanted.end(),
                     [](std::uint8_t octet, char letter) {
                       return octet == static_cast<unsigned char>(letter);
                     }) != octets.end();
}

Tap::Tap(const std::string& netns, const std::string& interface)
    : socket_(in_namespace(netns, [&] { return open_tap(interface); })) {}

Tap::~Tap() {
  close(socket_);
}

const std::vector<SeenPacket>& Tap::seen() {
  drain();
  return seen_;
}

std::size_t Tap::count(const std::string& destination, std::uint16_t port) {
  drain();
  return static_cast<std::size_t>(std::ranges::count_if(seen_, [&](const SeenPacket& packet) {
    return packet.destination == destination && (port == 0 || packet.port == port);
  }));
}

bool Tap::carried(std::string_view text) {
  drain();
  const auto equal = [](std::uint8_t octet, char wanted) {
    return std::tolower(octet) == std::tolower(static_cast<unsigned char>(wanted));
  };
  return std::ranges::any_of(seen_, [&](const SeenPacket& packet) {
    const auto& octets = packet.octets;
    return std::search(octets.begin(), octets.end(), text.begin(), text.end(), equal) !=
           octets.end();
  });
}

std::set<std::string> Tap::names_asked() {
  drain();
  std::set<std::string> names;
  for (const SeenPacket& packet : seen_) {
    const auto message = read_message(dns_of(packet));
    if (message && !message->is_response()) names.insert(lower(message->name));
  }
  return names;
}

// A tap that has missed packets proves nothing.
void Tap::refuse_losses() const {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  if (getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0 &&
      statistics.tp_drops > 0)
    throw std::runtime_error("the tap has missed packets");
}

void Tap::drain() {
  std::vector<std::uint8_t> buffer(65'536);
  sockaddr_ll from{};
  socklen_t length = sizeof from;
  ssize_t size = 0;
  while ((size = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                          reinterpret_cast<sockaddr*>(&from), &length)) >= 0) {
    const std::optional<SeenPacket> packet =
        decode(Octets(buffer).first(static_cast<std::size_t>(size)));
    if (packet && from.sll_pkttype != PACKET_OUTGOING) seen_.push_back(*packet);
  }
  refuse_losses();
}

}  // namespace egress::test
