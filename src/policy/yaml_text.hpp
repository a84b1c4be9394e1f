// Writing YAML that our own parser reads back unchanged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace egress::policy {

// A double-quoted scalar on one line: quotes and backslashes escaped, control characters as \xNN.
std::string yaml_quoted(std::string_view text);

// ["a", "b"]
std::string yaml_list(const std::vector<std::string>& texts);

// The text as a comment may hold it: control characters become '?'.
std::string yaml_comment(std::string_view text);

}  // namespace egress::policy
