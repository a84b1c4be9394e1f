#include "egress/core/text.hpp"

#include <algorithm>
#include <cstdint>

namespace egress {
namespace {

bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto octet = static_cast<unsigned char>(c);
  out += "\\x";
  out += kHex[octet >> 4U];
  out += kHex[octet & 0x0fU];
}

// The length that a lead octet announces and the first code point that needs that many octets.
struct SequenceForm {
  std::size_t length;
  std::uint32_t lead_bits;
  std::uint32_t lowest;
};

SequenceForm form_of(unsigned char lead) {
  if (lead < 0x80) return {1, lead, 0};
  if ((lead & 0xe0U) == 0xc0) return {2, lead & 0x1fU, 0x80};
  if ((lead & 0xf0U) == 0xe0) return {3, lead & 0x0fU, 0x800};
  if ((lead & 0xf8U) == 0xf0) return {4, lead & 0x07U, 0x10000};
  return {0, 0, 0};
}

// The octets of the sequence at the front of `text`; 0 when there is no valid one.
std::size_t sequence_length(std::string_view text) {
  const SequenceForm form = form_of(static_cast<unsigned char>(text.front()));
  if (form.length == 0 || form.length > text.size()) return 0;
  std::uint32_t code_point = form.lead_bits;
  for (const char c : text.substr(1, form.length - 1)) {
    const auto octet = static_cast<unsigned char>(c);
    if ((octet & 0xc0U) != 0x80) return 0;
    code_point = (code_point << 6U) | (octet & 0x3fU);
  }
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < form.lowest || code_point > 0x10ffff || is_surrogate) return 0;
  return form.length;
}

}  // namespace

std::string Quoted::operator()(std::string_view text, std::size_t longest) const {
  std::string out = "\"";
  for (const char c : text.substr(0, longest)) {
    if (is_plain(c)) {
      out += c;
    } else {
      append_escaped(out, c);
    }
  }
  if (text.size() > longest) out += "…";
  return out + '"';
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

}  // namespace egress
