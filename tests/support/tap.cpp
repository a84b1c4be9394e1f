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
#include <cerrno>
#include <optional>
#include <span>
#include <system_error>

#include "support/address.hpp"

namespace egress::test {
namespace {

using Octets = std::span<const std::uint8_t>;

std::string text(int family, Octets address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return inet_ntop(family, address.data(), buffer.data(), buffer.size());
}

std::uint16_t destination_port(std::uint8_t protocol, Octets transport) {
  if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || transport.size() < 4) return 0;
  return static_cast<std::uint16_t>(transport[2] << 8 | transport[3]);
}

// IPv6 without extension headers: nothing here sends any.
std::optional<SeenPacket> decode(Octets packet) {
  if (packet.size() >= 20 && packet[0] >> 4 == 4) {
    const std::size_t header = std::min<std::size_t>((packet[0] & 15U) * 4U, packet.size());
    return SeenPacket{packet[9], text(AF_INET, packet.subspan(16, 4)),
                      destination_port(packet[9], packet.subspan(header))};
  }
  if (packet.size() >= 40 && packet[0] >> 4 == 6) {
    return SeenPacket{packet[6], text(AF_INET6, packet.subspan(24, 16)),
                      destination_port(packet[6], packet.subspan(40))};
  }
  return std::nullopt;
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
  if (address.sll_ifindex == 0 ||
      bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "tap on " + interface);
  }
  return descriptor;
}

}  // namespace

Tap::Tap(const std::string& netns, const std::string& interface)
    : socket_(in_namespace(netns, [&] { return open_tap(interface); })) {}

Tap::~Tap() {
  close(socket_);
}

std::size_t Tap::count(const std::string& destination, std::uint16_t port) {
  drain();
  return static_cast<std::size_t>(std::ranges::count_if(seen_, [&](const SeenPacket& packet) {
    return packet.destination == destination && (port == 0 || packet.port == port);
  }));
}

void Tap::drain() {
  std::array<std::uint8_t, 2048> buffer;
  sockaddr_ll from{};
  socklen_t length = sizeof from;
  ssize_t size = 0;
  while ((size = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                          reinterpret_cast<sockaddr*>(&from), &length)) >= 0) {
    const std::optional<SeenPacket> packet =
        decode(Octets(buffer).first(static_cast<std::size_t>(size)));
    if (packet && from.sll_pkttype != PACKET_OUTGOING) seen_.push_back(*packet);
  }
}

}  // namespace egress::test
