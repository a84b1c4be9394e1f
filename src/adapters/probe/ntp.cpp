#include "adapters/probe/ntp.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "adapters/probe/udp.hpp"

namespace egress::probe {

namespace {

// RFC 5905 figure 8: the header, 48 octets.
using Packet = std::array<std::uint8_t, 48>;
constexpr std::uint8_t kVersion4Client = 0x23;  // leap 0, version 4, mode 3
constexpr std::uint8_t kModeMask = 0x07;
constexpr std::uint8_t kServerMode = 4;
constexpr std::ptrdiff_t kOrigin = 24;
constexpr std::ptrdiff_t kTransmit = 40;

// The transmit timestamp is random instead of the time: it only has to come back as the origin
// timestamp.
Packet make_request() {
  Packet packet{};
  packet[0] = kVersion4Client;
  std::random_device random;
  std::generate(packet.begin() + kTransmit, packet.end(),
                [&] { return static_cast<std::uint8_t>(random()); });
  return packet;
}

bool is_reply(const Packet& request, Datagram reply) {
  return reply.size() >= request.size() && (reply[0] & kModeMask) == kServerMode &&
         std::equal(request.begin() + kTransmit, request.end(), reply.begin() + kOrigin);
}

}  // namespace

Observation ask_ntp(const IpAddress& address, Port port, const Deadline& deadline) {
  const Packet request = make_request();
  std::uint8_t stratum = 0;
  const auto accepts = [&](Datagram reply) {
    if (!is_reply(request, reply)) return false;
    stratum = reply[1];
    return true;
  };
  Observation seen =
      exchange_udp({address, port}, request, accepts, Tries::until_answered, deadline);
  if (seen.outcome != Outcome::reached) return seen;
  seen.detail = "NTP stratum " + std::to_string(stratum);
  if (stratum == 0) {
    seen.outcome = Outcome::wrong_answer;
    seen.detail = "NTP kiss-o'-death";
  }
  return seen;
}

}  // namespace egress::probe
