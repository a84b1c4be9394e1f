#include "guard/edns.hpp"

#include <algorithm>

namespace egress::guard {
namespace {

constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kFlagDo = 0x8000;
constexpr std::uint16_t kOptionExtendedError = 15;
constexpr std::uint16_t kSmallestUdpSize = 512;

// Code and length frame each; what they say is nothing to us.
bool are_options(std::span<const std::uint8_t> options) {
  while (!options.empty()) {
    if (options.size() < 4) return false;
    const std::size_t octets = 4U + load_u16(options, 2);
    if (options.size() < octets) return false;
    options = options.subspan(octets);
  }
  return true;
}

// The longest beginning of at most `octets` octets that does not cut a character of UTF-8.
std::string_view cut(std::string_view text, std::size_t octets) {
  if (text.size() <= octets) return text;
  while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xC0U) == 0x80U) --octets;
  return text.substr(0, octets);
}

void write_error(Writer& writer, ExtendedError error, std::string_view text) {
  writer.u16(kOptionExtendedError);
  writer.u16(static_cast<unsigned>(2 + text.size()));
  writer.u16(static_cast<unsigned>(error));
  for (const char c : text) writer.u8(static_cast<std::uint8_t>(c));
}

}  // namespace

std::optional<Edns> read_opt(std::span<const std::uint8_t> record) {
  if (record.size() < kOptOctets || record[0] != 0 || load_u16(record, 1) != kTypeOpt) return {};
  if (load_u16(record, 9) != record.size() - kOptOctets) return {};
  Edns edns;
  edns.udp_size = std::max(load_u16(record, 3), kSmallestUdpSize);
  edns.version = record[6];
  edns.wants_dnssec = (load_u16(record, 7) & kFlagDo) != 0;
  if (edns.version == 0 && !are_options(record.subspan(kOptOctets))) return {};
  return edns;
}

void write_opt(Writer& writer, const OptFields& fields) {
  writer.u8(0);
  writer.u16(kTypeOpt);
  writer.u16(kUdpOctets);
  writer.u8(static_cast<unsigned>(fields.rcode) >> 4U);
  writer.u8(0);  // our version
  writer.u16(fields.wants_dnssec ? kFlagDo : 0);
  const std::size_t length_at = writer.size();
  writer.u16(0);
  if (fields.error && writer.left() >= kExtendedErrorOctets) {
    const auto room = std::min(writer.left() - kExtendedErrorOctets, kErrorTextOctets);
    write_error(writer, *fields.error, cut(fields.error_text, room));
  }
  writer.length_at(length_at);
}

}  // namespace egress::guard
