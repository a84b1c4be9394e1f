// Packets that the kernel's own UDP would not send.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace egress::test {

struct FragmentedQuestion {
  std::string source;
  std::string destination;             // port 53
  std::size_t piece = 8;               // octets of the datagram in each fragment, a multiple of 8
  bool asks_not_to_be_joined = false;  // IP_NODEFRAG: netfilter is not to put them together
};

// Sends a UDP datagram from inside the namespace as IPv4 fragments made by hand.
void send_in_fragments(const std::string& netns, const FragmentedQuestion& how,
                       std::span<const std::uint8_t> payload);

// One packet of an IP protocol, whose header the kernel writes; from an address of the namespace,
// or whichever it takes. 0 or what sendto(2) failed with.
struct ProtocolPacket {
  int protocol = 0;
  std::string to;
  std::vector<std::uint8_t> payload;
  std::string from{};
};
int send_protocol(const std::string& netns, const ProtocolPacket& packet);
// An ICMP or ICMPv6 message of this type, of 20 octets.
ProtocolPacket icmp_packet(const std::string& to, std::uint8_t type);

// How a program hands a frame to a device past the network stack (packet(7)).
enum class FrameSocket {
  ordinary,
  past_the_queue,  // PACKET_QDISC_BYPASS
};
struct Frame {
  std::string device;
  std::uint16_t type = 0x0800;        // an IEEE 802 number
  std::vector<std::uint8_t> payload;  // the packet, from its network header on
  std::uint8_t station = 0xff;  // each octet of whom it is for: all of the link; 0: `lo` itself
};
// 0 or what sendto(2) failed with.
int send_frame(const std::string& netns, FrameSocket kind, const Frame& frame);
// An IPv4 or IPv6 packet with a UDP datagram, from an address of the same family.
std::vector<std::uint8_t> udp_packet(const std::string& source, std::uint16_t source_port,
                                     const std::string& destination,
                                     std::uint16_t destination_port);

}  // namespace egress::test
