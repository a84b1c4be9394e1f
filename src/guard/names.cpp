#include "guard/names.hpp"

namespace egress::guard {
namespace {

bool is_digit(char c) {
  return '0' <= c && c <= '9';
}

char lower(std::uint8_t octet) {
  return static_cast<char>('A' <= octet && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

bool is_plain(char c) {
  return ('a' <= c && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

void append_escaped(std::string& text, std::uint8_t octet) {
  text += '\\';
  text += static_cast<char>('0' + octet / 100);
  text += static_cast<char>('0' + octet / 10 % 10);
  text += static_cast<char>('0' + octet % 10);
}

// The octet at the front of `text`, which is taken from it; -1 if an escape is cut short or too
// large.
int take_octet(std::string_view& text) {
  int octet = static_cast<std::uint8_t>(text.front());
  std::size_t taken = 1;
  if (octet == '\\') {
    if (text.size() < 2) return -1;
    taken = 2;
    octet = static_cast<std::uint8_t>(text[1]);
    if (is_digit(text[1])) {
      if (text.size() < 4 || !is_digit(text[2]) || !is_digit(text[3])) return -1;
      taken = 4;
      octet = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
      if (octet > 255) return -1;
    }
  }
  text.remove_prefix(taken);
  return octet;
}

}  // namespace

bool WireName::append(std::uint8_t octet) {
  if (length_ == octets_.size()) return false;
  octets_[length_++] = octet;
  return true;
}

// A label and the dot after it, if there is one.
bool WireName::append_label(std::string_view& text) {
  const std::size_t begin = length_;
  if (!append(0)) return false;
  while (!text.empty() && text.front() != '.') {
    const int octet = take_octet(text);
    if (octet < 0 || !append(static_cast<std::uint8_t>(octet))) return false;
  }
  if (!text.empty()) text.remove_prefix(1);
  const std::size_t octets = length_ - begin - 1;
  octets_[begin] = static_cast<std::uint8_t>(octets);
  return 1 <= octets && octets <= limits::kLabelOctets;
}

bool WireName::assign(std::string_view text) {
  length_ = 0;
  if (text.empty()) return false;
  if (text != ".")
    while (!text.empty())
      if (!append_label(text)) return false;
  return append(0);
}

std::size_t wire_name_length(std::span<const std::uint8_t> octets) {
  std::size_t length = 0;
  while (length < octets.size() && length < kWireNameOctets) {
    const std::size_t label = octets[length];
    if (label > limits::kLabelOctets) return 0;  // a pointer, or a label type that nobody uses
    length += 1 + label;
    if (label == 0) return length;
  }
  return 0;
}

std::string name_text(std::span<const std::uint8_t> wire_name) {
  if (wire_name.size() <= 1) return ".";
  std::string text;
  text.reserve(wire_name.size());
  for (std::size_t at = 0; wire_name[at] != 0; at += wire_name[at] + 1U) {
    if (at > 0) text += '.';
    for (const std::uint8_t octet : wire_name.subspan(at + 1, wire_name[at])) {
      const char c = lower(octet);
      if (is_plain(c))
        text += c;
      else
        append_escaped(text, octet);
    }
  }
  return text;
}

}  // namespace egress::guard
