// Names of network interfaces as the policy and nft write them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace egress {

// As nft matches interfaces: a trailing * stands for any suffix, so "br-*" matches "br-1f3c".
inline bool matches_interface(std::string_view pattern, std::string_view interface) {
  if (!pattern.ends_with('*')) return interface == pattern;
  return interface.starts_with(pattern.substr(0, pattern.size() - 1));
}

inline bool matches_interface(const std::vector<std::string>& patterns,
                              std::string_view interface) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return matches_interface(std::string_view(pattern), interface);
  });
}

}  // namespace egress
