// Gathers what the state file of known addresses is to hold, a part in each turn: with tens of
// thousands of addresses all at once would keep questions waiting.
#pragma once

#include <cstddef>

#include "egress/core/time.hpp"
#include "egress/dns/known_address.hpp"
#include "egress/dns/name_table.hpp"

namespace egress::daemon {

class KnownCollector {
 public:
  // Once more after this one where one is under way.
  void begin();
  bool is_under_way() const { return is_under_way_; }
  // Takes the addresses of a part of the names that have not ended by `now`, which `wall` is.
  // Returns true after the last part. A name that comes or goes between two parts may be missed:
  // such a change asks for another file anyway.
  bool advance(const dns::NameTable& table, Instant now, WallTime wall);
  // What was gathered. If begin() was called meanwhile, the next pass starts.
  dns::KnownAddressPack take();

 private:
  bool is_under_way_ = false;
  bool is_asked_again_ = false;
  std::size_t buckets_ = 0;  // of the table's map as it was; it keeps a name's until it grows
  std::size_t next_ = 0;     // of these
  dns::KnownAddressPack known_;
};

}  // namespace egress::daemon
