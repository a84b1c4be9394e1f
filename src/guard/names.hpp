// Domain names in wire form (RFC 1035 section 3.1) and as text (section 5.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "egress/core/limits.hpp"

namespace egress::guard {

// The first label's length octet and the root label come on top of the text's octets.
inline constexpr std::size_t kWireNameOctets = limits::kNameOctets + 2;

// A name without compression, its root label included.
class WireName {
 public:
  WireName() {}  // leaves the octets as they are: one is made for every name that is written

  // From text with \DDD and \X for any octet, a trailing dot tolerated; false if it is no name.
  bool assign(std::string_view text);
  std::span<const std::uint8_t> octets() const { return {octets_.data(), length_}; }

 private:
  bool append_label(std::string_view& text);
  bool append(std::uint8_t octet);

  std::array<std::uint8_t, kWireNameOctets> octets_;
  std::size_t length_ = 0;
};

// The octets of the uncompressed name at the front, its root label included; 0 if there is none.
std::size_t wire_name_length(std::span<const std::uint8_t> octets);

// In lower case, octets that are not letters, digits, hyphen or underscore as \DDD; "." for the
// root.
std::string name_text(std::span<const std::uint8_t> wire_name);

}  // namespace egress::guard
