// Making hostile text safe to show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace egress {

// The text in double quotes, with control characters, quotes, backslashes and bytes that are not
// printable ASCII as \xNN, cut to its first `longest` characters with "…". Used wherever a name,
// token or message from outside reaches a log or a terminal. An object, since next to a function of
// this name the compiler looks at std::quoted as well, which fits a std::string better.
struct Quoted {
  std::string operator()(std::string_view text, std::size_t longest = 80) const;
};
inline constexpr Quoted quoted;

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// True when an ASCII control character (NUL to US, DEL) is in the text.
bool has_control_character(std::string_view text);

}  // namespace egress
