// What `verify` found, one row for each thing that was looked at, and the verdict over them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "egressctl/verify/catalogue.hpp"

namespace egress::verify {

enum class Mark {
  holds,           // as expected, with evidence
  leak,            // what must be refused was reached
  fails,           // what must work does not, or the table is not as desired
  not_proven,      // neither seen to work nor seen to be refused by us
  warning,         // an optional endpoint, or one address of several, does not work
  not_applicable,  // cannot be tried here, and cannot be reached for the same reason
  no_right,        // the probing user has no right to send it: he cannot, others may
  untried,         // could not be tried, which shows nothing
  skipped,         // the policy allows it
  not_probed,      // allowed, but there is nothing known to connect to
};
std::string_view text(Mark mark);

struct Row {
  KindId kind;
  std::string probe;
  std::string expected;
  std::string seen;
  std::string evidence;
  Mark mark = Mark::not_proven;
  std::optional<std::chrono::microseconds> latency;  // empty: nothing was sent, or counted
  bool operator==(const Row&) const = default;
};
using Rows = std::vector<Row>;

enum class Verdict {
  proven,
  leak,
  failed,
  not_proven,
  not_enforced,  // audit mode, or open
};
std::string_view text(Verdict verdict);

struct Report {
  Verdict verdict = Verdict::not_proven;
  std::string summary;  // one sentence: why
  Rows rows;
  std::string chosen;  // "only refused.*"; empty: everything
};

}  // namespace egress::verify
