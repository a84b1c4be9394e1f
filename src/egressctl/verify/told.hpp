// How far the DNS guard's own counts of its answers moved between two readings.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "control/messages.hpp"

namespace egress::verify {

class Told {
 public:
  Told() = default;  // nothing was told
  Told(const control::DnsReply& before, const control::DnsReply& after);

  // Questions that came to this verdict ("refused", "no data"; see control::DnsCount). A count that
  // went back (the daemon was restarted) did not move.
  std::uint64_t moved(const std::string& verdict) const;

 private:
  std::map<std::string, std::uint64_t> moved_;
};

}  // namespace egress::verify
