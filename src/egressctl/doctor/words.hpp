// Small parts of sentences.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace egress::doctor {

inline std::string counted(std::uint64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// "a, b and 3 more"; "none".
inline std::string list(const std::vector<std::string>& words, std::size_t most = 8) {
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < most; ++i)
    text += (i == 0 ? "" : ", ") + words[i];
  if (words.size() > most) text += " and " + std::to_string(words.size() - most) + " more";
  return text.empty() ? "none" : text;
}

}  // namespace egress::doctor
