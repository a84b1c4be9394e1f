#include "egressctl/verify/truths.hpp"

#include "egress/core/time_text.hpp"

namespace egress::verify {

namespace {

constexpr const char* kAll = "; all: egressctl diff";

Row true_row(KindId kind, std::string what, std::string expected, std::string seen) {
  return {kind, std::move(what), std::move(expected), std::move(seen), {}, Mark::holds, {}};
}

void fail(Row& row, std::string seen, std::string evidence) {
  row.mark = Mark::fails;
  row.seen = std::move(seen);
  row.evidence = std::move(evidence);
}

std::string differences(std::size_t number) {
  return std::to_string(number) + (number == 1 ? " difference" : " differences");
}

std::string text(const Clocks& clocks) {
  return std::to_string(clocks.boot.time_since_epoch().count()) + " ms since boot, " +
         print_wall_time(clocks.wall);
}

}  // namespace

Row judge_table(const control::DiffReply& table) {
  Row row = true_row("true.table", "live table", "equals the desired one", "equal");
  if (!table.deviations.empty())
    fail(row, differences(table.deviations.size()), table.deviations.front() + kAll);
  return row;
}

Row judge_elements(const control::DiffReply& table) {
  Row row = true_row("true.elements", "set elements", "equal the name table", "equal");
  const std::size_t number = table.missing.size() + table.unexpected.size();
  if (!table.unexpected.empty())
    fail(row, differences(number), "unexpected element " + table.unexpected.front() + kAll);
  else if (!table.missing.empty())
    fail(row, differences(number), "missing element " + table.missing.front() + kAll);
  return row;
}

Row judge_expiry(const control::DiffReply& table) {
  Row row = true_row("true.expiry", "ends of the elements", "none too late", "none too late");
  if (!table.misdated.empty())
    fail(row, differences(table.misdated.size()), table.misdated.front() + kAll);
  return row;
}

Row judge_clocks(const Health& health) {
  constexpr seconds kTolerance{2};
  const auto& [before, reply, after] = health;
  const Instant boot{milliseconds(reply.boottime_ms)};
  const auto wall = parse_wall_time(reply.wall);
  const auto lies_between = [&](auto time, auto first, auto last) {
    return first - kTolerance <= time && time <= last + kTolerance;
  };
  Row row = true_row("true.clocks", "egressd's clocks", "agree with this host's", "agree");
  row.evidence = std::to_string(reply.boottime_ms) + " ms since boot, " + reply.wall;
  const bool agrees = lies_between(boot, before.boot, after.boot) && wall &&
                      lies_between(*wall, before.wall, after.wall);
  if (!agrees) fail(row, "differ", row.evidence + "; here " + text(after));
  return row;
}

Rows judge_others(const control::HealthReply& health) {
  constexpr const char* kExpected = "cannot pass a packet by us";
  Rows rows;
  for (const auto& other : health.other_tables) {
    rows.push_back(true_row("true.others", "table " + other.table, kExpected, other.hooks));
    rows.back().evidence = other.why;
    if (other.can_pass_us) rows.back().mark = Mark::fails;
  }
  if (!rows.empty()) return rows;
  rows.push_back(true_row("true.others", "other tables", kExpected, "none"));
  if (!health.unread.empty()) {
    rows.back().mark = Mark::not_proven;
    rows.back().seen = "egressd cannot read them";
    rows.back().evidence = health.unread;
  }
  return rows;
}

Rows judge_passages(const std::vector<Passage>& passages) {
  constexpr const char* kExpected = "held to the list";
  Rows rows;
  for (const Passage& passage : passages) {
    rows.push_back(
        true_row("true.forwarding", "what comes in at " + passage.link, kExpected, passage.what));
    rows.back().mark = Mark::not_proven;
    rows.back().evidence = passage.remedy;
  }
  if (rows.empty())
    rows.push_back(true_row("true.forwarding", "what this host forwards", kExpected, "all is"));
  return rows;
}

// Nothing is open by it: containers resolve no name.
Rows judge_unheard(const std::vector<control::UnheardReport>& unheard) {
  Rows rows;
  for (const auto& report : unheard) {
    rows.push_back(true_row("true.others", "DNS questions of " + report.link, "come to egressd",
                            "the last did not; what may have dropped it: " + report.by));
    rows.back().mark = Mark::warning;
    rows.back().evidence = report.command;
  }
  return rows;
}

Row judge_attempt(const Attempt& attempt) {
  Row row =
      true_row("true.socket", "a change of the policy by " + attempt.who, "refused", "refused");
  row.evidence = attempt.why;
  if (attempt.outcome == Attempt::Outcome::accepted) fail(row, "would be carried out", attempt.why);
  if (attempt.outcome == Attempt::Outcome::impossible) {
    row.mark = Mark::untried;
    row.seen = "it cannot be asked for";
  }
  return row;
}

}  // namespace egress::verify
