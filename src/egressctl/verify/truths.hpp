// What must be so, whatever is tried. Pure.
#pragma once

#include <string>

#include "control/messages.hpp"
#include "egress/core/time.hpp"
#include "egressctl/verify/report.hpp"

namespace egress::verify {

// Chains, rules and sets, with hooks, priorities and policies: live against desired.
Row judge_table(const control::DiffReply& table);
// Which elements the sets hold, against what the daemon's name table wants open.
Row judge_elements(const control::DiffReply& table);
// When they end.
Row judge_expiry(const control::DiffReply& table);

struct Clocks {
  Instant boot;
  WallTime wall;
};
// What the daemon told of itself between two readings of this host's clocks.
struct Health {
  Clocks before;
  control::HealthReply reply;
  Clocks after;
};
Row judge_clocks(const Health& health);

// A row for each table beside egressd's: whether its rules can carry a packet past egressd.
Rows judge_others(const control::HealthReply& health);

// A link by which others go through this host, and which is not held.
struct Passage {
  std::string link;
  std::string what;    // what goes through
  std::string remedy;
};
// A row for each; one if there is none.
Rows judge_passages(const std::vector<Passage>& passages);

// A row for each firewall that may drop the DNS questions of a held link; none if none is dropped.
Rows judge_unheard(const std::vector<control::UnheardReport>& unheard);

// A change that somebody without rights asked for.
struct Attempt {
  enum class Outcome { refused, accepted, impossible } outcome = Outcome::impossible;
  std::string who;  // "nobody (uid 65534)"
  std::string why;  // what was said to him, or why nobody could ask
};
Row judge_attempt(const Attempt& attempt);

}  // namespace egress::verify
