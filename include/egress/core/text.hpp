// Making hostile text safe to show.
#pragma once

#include <string>
#include <string_view>

namespace egress {

// The text in double quotes, with control characters, quotes, backslashes and bytes that are not
// printable ASCII as \xNN, cut to 80 characters with "…". Used wherever a name, token or message from
// outside reaches a log or a terminal.
std::string quoted(std::string_view text);

}  // namespace egress
