// Which names have public suffixes below them: the parents of all that the distribution's list
// holds.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "egress/policy/load.hpp"

namespace egress::adapters {

inline constexpr std::string_view kSuffixFile = "/usr/share/publicsuffix/public_suffix_list.dat";

// Reads the list when it is asked for the first time, which most policies never do.
class SuffixParents {
 public:
  explicit SuffixParents(std::string file = std::string(kSuffixFile)) : file_(std::move(file)) {}
  policy::Suffix below(const DnsName& name);

 private:
  void read();
  void add(std::string_view rule, policy::Suffix part);

  const std::string file_;
  std::once_flag is_read_;
  std::unordered_map<std::string, policy::Suffix> parents_;
};

}  // namespace egress::adapters
