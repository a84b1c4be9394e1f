#include "adapters/probe/payloads.hpp"

#include <algorithm>
#include <random>
#include <string_view>

namespace egress::probe {

namespace {

constexpr std::size_t kQuicDatagram = 1200;  // RFC 9000 section 14.1: shorter ones are dropped
constexpr std::size_t kConnectionId = 8;

std::uint8_t random_octet() {
  static thread_local std::random_device random;
  return static_cast<std::uint8_t>(random());
}

// CRC32c (RFC 9260 appendix A), bit by bit.
std::uint32_t crc32c(const Payload& octets) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t octet : octets) {
    crc ^= octet;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

}  // namespace

Payload quic_first_packet() {
  Payload packet{0xc0, 0x1a, 0x2a, 0x3a, 0x4a};
  for (int ids = 0; ids < 2; ++ids) {
    packet.push_back(kConnectionId);
    std::generate_n(std::back_inserter(packet), kConnectionId, random_octet);
  }
  packet.resize(kQuicDatagram);
  return packet;
}

Payload sctp_init() {
  constexpr std::size_t kChecksum = 8;
  // Ports 9 and 9, no verification tag, a checksum; then INIT: its tag, a window of 64 KiB, one
  // stream each way, the first number.
  Payload packet{0,    9,    0,    9,    0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20,
                 0x65, 0x67, 0x72, 0x64, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1};
  const std::uint32_t crc = crc32c(packet);
  for (unsigned i = 0; i < 4; ++i)  // the only field of SCTP that is little-endian
    packet[kChecksum + i] = static_cast<std::uint8_t>(crc >> 8U * i);
  return packet;
}

Payload gre_header() {
  return {0x20, 0, 0x08, 0x00, 'e', 'g', 'r', 'd'};
}

Payload plain_text() {
  constexpr std::string_view kText = "egressd verify";
  return {kText.begin(), kText.end()};
}

}  // namespace egress::probe
