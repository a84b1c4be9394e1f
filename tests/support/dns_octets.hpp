// Builds messages octet by octet, well-formed or not.
#pragma once

#include <cstdint>
#include <string_view>

#include "egress/guard/message.hpp"

namespace egress::guard::test {

inline Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Octets u16(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}
inline Octets u32(std::uint32_t value) {
  return u16(value >> 16U) + u16(value & 0xFFFFU);
}
inline Octets text(std::string_view octets) {
  return {octets.begin(), octets.end()};
}
inline Octets label(std::string_view octets) {
  return Octets{static_cast<std::uint8_t>(octets.size())} + text(octets);
}
// "www.example.com" with its root label; no escapes.
inline Octets name(std::string_view dotted) {
  Octets out;
  while (!dotted.empty()) {
    const auto first = dotted.substr(0, dotted.find('.'));
    out = out + label(first);
    dotted.remove_prefix(std::min(dotted.size(), first.size() + 1));
  }
  return out + Octets{0};
}

struct Counts {
  unsigned questions = 1, answers = 0, authorities = 0, additionals = 0;
};
inline constexpr unsigned kId = 0x1234;
inline Octets header(unsigned flags, Counts counts = {}) {
  return u16(kId) + u16(flags) + u16(counts.questions) + u16(counts.answers) +
         u16(counts.authorities) + u16(counts.additionals);
}
inline Octets question(std::string_view dotted = "www.example.com", unsigned type = 1,
                       unsigned record_class = 1) {
  return name(dotted) + u16(type) + u16(record_class);
}
inline Octets record(const Octets& owner, unsigned type, std::uint32_t ttl, const Octets& rdata) {
  return owner + u16(type) + u16(1) + u32(ttl) + u16(static_cast<unsigned>(rdata.size())) + rdata;
}
inline Octets option(unsigned code, const Octets& data) {
  return u16(code) + u16(static_cast<unsigned>(data.size())) + data;
}
// `ttl` holds the upper part of the rcode, the version and the flags, DO first of them.
inline Octets opt(unsigned udp_size = 1232, std::uint32_t ttl = 0, const Octets& options = {}) {
  return Octets{0} + u16(41) + u16(udp_size) + u32(ttl) +
         u16(static_cast<unsigned>(options.size())) + options;
}

// A name whose wire form has exactly `octets` octets, 2 to 255 without 3.
inline std::string name_of(std::size_t octets) {
  std::string out;
  for (std::size_t left = octets - 1; left > 0;) {
    std::size_t whole = std::min<std::size_t>(left, 64);
    if (left - whole == 1) --whole;  // a label has at least two octets on the wire
    if (!out.empty()) out += '.';
    out += std::string(whole - 1, 'x');
    left -= whole;
  }
  return out;
}

}  // namespace egress::guard::test
