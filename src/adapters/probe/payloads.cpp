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

Payload timestamp_request() {
  Payload request{13, 0, 0x8d, 0x97, 'e', 'g', 0, 1};
  request.resize(20);  // three times of which none is known
  return request;
}

Payload node_query() {
  return {139, 1, 0, 0, 0, 2, 0, 0, 'e', 'g', 'r', 'e', 's', 's', 'd', '!'};
}

namespace {

// RFC 8446 section 3.4: a vector with its length in front, of so many octets.
Payload prefixed(std::size_t octets, const Payload& content) {
  Payload vector;
  for (std::size_t i = octets; i-- > 0;)
    vector.push_back(static_cast<std::uint8_t>(content.size() >> 8U * i));
  vector.insert(vector.end(), content.begin(), content.end());
  return vector;
}

void append(Payload& all, const Payload& more) {
  all.insert(all.end(), more.begin(), more.end());
}

void append_extension(Payload& all, std::uint8_t type, const Payload& content) {
  append(all, {0, type});
  append(all, prefixed(2, content));
}

}  // namespace

Payload tls_first_packet(std::string_view server_name) {
  Payload extensions;
  Payload name{0};  // a host name
  append(name, prefixed(2, Payload(server_name.begin(), server_name.end())));
  append_extension(extensions, 0, prefixed(2, name));
  append_extension(extensions, 10, prefixed(2, {0, 29, 0, 23}));  // x25519, secp256r1
  append_extension(extensions, 11, prefixed(1, {0}));             // uncompressed points
  append_extension(extensions, 13,
                   prefixed(2, {4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1}));  // signatures
  Payload hello{3, 3};
  std::generate_n(std::back_inserter(hello), 32, random_octet);
  append(hello, prefixed(1, {}));  // no session
  // ECDHE with ECDSA and RSA, AES-GCM; RSA with AES.
  append(hello, prefixed(2, {0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0, 0x9c, 0, 0x2f}));
  append(hello, prefixed(1, {0}));  // no compression
  append(hello, prefixed(2, extensions));
  Payload handshake{1};
  append(handshake, prefixed(3, hello));
  Payload record{0x16, 3, 1};
  append(record, prefixed(2, handshake));
  return record;
}

Payload plain_text() {
  constexpr std::string_view kText = "egressd verify";
  return {kText.begin(), kText.end()};
}

}  // namespace egress::probe
