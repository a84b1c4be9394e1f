#include <algorithm>

#include "egressctl/verify/judge.hpp"

namespace egress::verify {

namespace {

std::size_t count(const Rows& rows, Mark mark) {
  return static_cast<std::size_t>(std::ranges::count(rows, mark, &Row::mark));
}

Row control_row(std::string probe, bool holds) {
  return {std::move(probe), "works", holds ? "works" : "does not work", "positive control",
          holds ? Mark::holds : Mark::not_proven};
}

std::string counted(std::size_t number, const char* one, const char* many) {
  return std::to_string(number) + ' ' + (number == 1 ? one : many);
}

struct Conclusion {
  Verdict verdict;
  std::string summary;
};

Conclusion judge_all(const Findings& findings, const Rows& rows) {
  const std::size_t refused = count(findings.refusals, Mark::holds);
  if (findings.is_panic) {
    return {Verdict::failed,
            "PANIC is on: nothing but loopback passes, so nothing can be proven reachable "
            "(egressctl resume)"};
  }
  if (findings.is_open) {
    return {Verdict::not_enforced, "egressd is OPEN: nothing is refused (egressctl resume)"};
  }
  if (findings.is_audit) return {Verdict::not_enforced, "audit mode refuses nothing"};
  if (const auto leaks = count(rows, Mark::leak)) {
    return {Verdict::leak, counted(leaks, "probe", "probes") + " got through that must be refused"};
  }
  if (!findings.controls.resolver_answers) {
    const char* who = findings.controls.has_guard ? "egressd's DNS guard does not answer"
                                                  : "no pinned resolver answers";
    return {Verdict::not_proven, std::string(who) + ", so a refusal could be a dead network"};
  }
  if (!findings.controls.endpoint_connects) {
    return {Verdict::not_proven,
            "no allowed endpoint connects, so a refusal could be a dead network"};
  }
  if (const auto failures = count(rows, Mark::fails)) {
    return {Verdict::failed,
            counted(failures, "thing that must hold does not", "things that must hold do not")};
  }
  if (const auto open = count(rows, Mark::not_proven)) {
    return {Verdict::not_proven,
            counted(open, "refusal is without evidence", "refusals are without evidence")};
  }
  if (refused == 0) return {Verdict::not_proven, "nothing was left to be refused"};
  return {
      Verdict::proven,
      "only the allow-list is reachable: " + std::to_string(count(findings.works, Mark::holds)) +
          " allowed probes work, " + std::to_string(refused) + " others are refused by egressd"};
}

void append(Rows& rows, const Rows& more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

}  // namespace

Row judge_table(const control::DiffReply& table) {
  Row row{"live table", "equals the desired one", "equal", {}, Mark::holds};
  const std::size_t differences =
      table.deviations.size() + table.missing.size() + table.unexpected.size();
  if (differences == 0) return row;
  row.mark = Mark::fails;
  row.seen = counted(differences, "difference", "differences");
  if (!table.deviations.empty())
    row.evidence = table.deviations.front();
  else if (!table.unexpected.empty())
    row.evidence = "unexpected element " + table.unexpected.front();
  else
    row.evidence = "missing element " + table.missing.front();
  row.evidence += "; all: egressctl diff";
  return row;
}

Rows control_rows(const Controls& controls) {
  return {
      control_row(controls.has_guard ? "egressd's DNS guard answers" : "a pinned resolver answers",
                  controls.resolver_answers),
      control_row("an allowed endpoint connects", controls.endpoint_connects)};
}

Report conclude(const Findings& findings) {
  Report report;
  report.rows = control_rows(findings.controls);
  append(report.rows, findings.works);
  append(report.rows, findings.refusals);
  report.rows.push_back(findings.table);
  const Conclusion conclusion = judge_all(findings, report.rows);
  report.verdict = conclusion.verdict;
  report.summary = conclusion.summary;
  return report;
}

}  // namespace egress::verify
