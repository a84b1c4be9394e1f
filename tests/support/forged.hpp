// Whole IP packets as their sender wishes them, whoever he is; checksums are right.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace egress::test {

using IpPacket = std::vector<std::uint8_t>;

// Addresses of one family, which is the packet's.
struct Ends {
  std::string source;
  std::string destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};

IpPacket forged_udp(const Ends& ends, std::string_view payload);

// RFC 9293 section 3.1.
enum TcpFlags : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPush = 8, kAck = 16 };
struct Segment {
  int flags = kSyn;
  std::uint32_t sequence = 1'000;
  std::uint32_t acknowledged = 0;
};
IpPacket forged_tcp(const Ends& ends, const Segment& segment, std::string_view payload = {});

// An ICMP or ICMPv6 message by its type, code, the four octets behind its checksum, and the rest.
struct IcmpMessage {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t word = 0;
  std::vector<std::uint8_t> body = {};
  std::uint8_t hops = 64;
};
IpPacket forged_icmp(const Ends& ends, const IcmpMessage& message);
IpPacket forged_echo(const Ends& ends, std::string_view payload);

// The same IPv6 packet with a header of destination options that say nothing (RFC 8200
// section 4.6).
IpPacket with_options(IpPacket packet);

// An ICMP message in which there is a packet, for which it is said to be.
IcmpMessage quoting(std::uint8_t type, std::uint8_t code, const IpPacket& packet,
                    std::uint32_t word = 0);

// By the routes of the namespace, or by one device: 0 or what sendto(2) failed with.
int send_forged(const std::string& netns, const IpPacket& packet, const std::string& device = {});

}  // namespace egress::test
