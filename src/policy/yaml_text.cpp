#include "policy/yaml_text.hpp"

#include "egress/core/text.hpp"

namespace egress::policy {

std::string yaml_quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (has_control_character({&c, 1})) {
      const auto octet = static_cast<unsigned char>(c);
      out += "\\x";
      out += kHex[octet >> 4U];
      out += kHex[octet & 0x0fU];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

std::string yaml_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + yaml_quoted(text);
  return '[' + out + ']';
}

std::string yaml_comment(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (has_control_character({&c, 1})) c = '?';
  }
  return out;
}

}  // namespace egress::policy
