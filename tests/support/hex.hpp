// Octets as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace egress::test {

// "0a1f", two digits an octet.
inline std::string hex(std::span<const std::uint8_t> octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4U];
    text += kDigits[octet & 0xfU];
  }
  return text;
}

}  // namespace egress::test
