// The capabilities that matter here (linux/capability.h).
#pragma once

#include <cstdint>
#include <string>

namespace egress::doctor {

inline constexpr std::uint64_t kNetAdmin = 1ULL << 12U;
inline constexpr std::uint64_t kNetRaw = 1ULL << 13U;
inline constexpr std::uint64_t kSysAdmin = 1ULL << 21U;

// "CAP_NET_ADMIN+CAP_NET_RAW", of these three.
inline std::string capability_names(std::uint64_t capabilities) {
  std::string text;
  const auto add = [&](std::uint64_t bit, const char* name) {
    if ((capabilities & bit) != 0) text += (text.empty() ? "" : "+") + std::string(name);
  };
  add(kSysAdmin, "CAP_SYS_ADMIN");
  add(kNetAdmin, "CAP_NET_ADMIN");
  add(kNetRaw, "CAP_NET_RAW");
  return text;
}

}  // namespace egress::doctor
