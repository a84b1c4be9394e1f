// How far the daemon's counters of refused packets moved between two readings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "control/messages.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::verify {

class Refusals {
 public:
  Refusals(const control::RefusalsReply& before, const control::RefusalsReply& after);

  // Packets refused to exactly this endpoint. A counter that went back (the table was replaced) did
  // not move.
  std::uint64_t at(const Endpoint& endpoint) const;
  // Whether there was no room to count another destination of the family.
  bool is_full(Family family) const;
  // Packets refused to anywhere, of any protocol.
  std::uint64_t total() const { return total_; }
  // Packets dropped since their source was not their sender's.
  std::uint64_t foreign() const { return foreign_; }

 private:
  std::map<Endpoint, std::uint64_t> moved_;
  std::uint64_t total_ = 0;
  std::uint64_t foreign_ = 0;
};

}  // namespace egress::verify
