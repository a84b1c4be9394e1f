#include <algorithm>
#include <optional>

#include "egressctl/verify/judge.hpp"

namespace egress::verify {

namespace {

std::size_t count(const Rows& rows, Mark mark) {
  return static_cast<std::size_t>(std::ranges::count(rows, mark, &Row::mark));
}

Row control_row(KindId kind, std::string probe, bool holds) {
  return {kind,
          std::move(probe),
          "works",
          holds ? "works" : "does not work",
          "positive control",
          holds ? Mark::holds : Mark::not_proven,
          {}};
}

std::string counted(std::size_t number, const char* one, const char* many) {
  return std::to_string(number) + ' ' + (number == 1 ? one : many);
}

// The kinds of these rows, each once, in the order of the catalogue: "refused.ping, true.others".
template <class Of>
std::string kinds(const Rows& rows, const Of& of) {
  std::string text;
  for (const Kind& kind : kCatalogue) {
    const auto is_one = [&](const Row& row) { return row.kind == KindId(kind) && of(row); };
    if (std::ranges::any_of(rows, is_one))
      text += (text.empty() ? "" : ", ") + std::string(kind.id);
  }
  return text;
}

std::string kinds(const Rows& rows, Mark mark) {
  return kinds(rows, [mark](const Row& row) { return row.mark == mark; });
}

struct Conclusion {
  Verdict verdict;
  std::string summary;
};

std::string dead_network(const Controls& controls) {
  if (controls.resolver_answers) {
    return controls.endpoint_connects ? "" : "no allowed endpoint connects";
  }
  return controls.has_guard ? "egressd's DNS guard does not answer" : "no pinned resolver answers";
}

std::optional<Conclusion> without_enforcement(const Findings& findings) {
  if (findings.is_panic) {
    return Conclusion{Verdict::failed,
                      "PANIC is on: nothing but loopback passes, so nothing can be proven "
                      "reachable (egressctl resume)"};
  }
  if (findings.is_open) {
    return Conclusion{Verdict::not_enforced,
                      "egressd is OPEN: nothing is refused (egressctl resume)"};
  }
  if (findings.is_audit) return Conclusion{Verdict::not_enforced, "audit mode refuses nothing"};
  return std::nullopt;
}

std::optional<Conclusion> what_is_wrong(const Controls& controls, const Rows& rows,
                                        const Selection& chosen) {
  if (const auto leaks = count(rows, Mark::leak)) {
    return Conclusion{Verdict::leak,
                      counted(leaks, "probe", "probes") + " got through that must be refused"};
  }
  const std::string dead = chosen.needs_controls() ? dead_network(controls) : "";
  if (!dead.empty()) {
    return Conclusion{Verdict::not_proven, dead + ", so a refusal could be a dead network"};
  }
  if (const auto failures = count(rows, Mark::fails)) {
    return Conclusion{Verdict::failed, counted(failures, "thing that must hold does not",
                                               "things that must hold do not")};
  }
  if (const auto open = count(rows, Mark::not_proven)) {
    return Conclusion{Verdict::not_proven,
                      counted(open, "probe is without evidence", "probes are without evidence") +
                          " (" + kinds(rows, Mark::not_proven) + ")"};
  }
  const auto is_gap = [](const Row& row) {
    return row.mark == Mark::untried && row.kind.matters();
  };
  if (const std::string gaps = kinds(rows, is_gap); !gaps.empty())
    return Conclusion{Verdict::not_proven, "what matters could not be tried: " + gaps};
  return std::nullopt;
}

// What was proven for one user is said to be so.
std::string scope(const Controls& controls) {
  return controls.user.empty() ? "" : " for " + controls.user;
}

// What that user may not send, others may; and what was not shown at all.
std::string left_out(const Rows& rows) {
  std::string text;
  if (const auto rights = kinds(rows, Mark::no_right); !rights.empty())
    text += "; not sent, since this user has no right to: " + rights;
  const auto is_aside = [](const Row& row) {
    return row.mark == Mark::untried && row.kind.group() != Group::works;
  };
  if (const auto aside = kinds(rows, is_aside); !aside.empty()) text += "; not tried: " + aside;
  return text.empty() ? text : text + " (root tries them)";
}

// Behind which of what is allowed a proxy could stand unseen.
std::string unasked_as_proxies(const Rows& rows) {
  constexpr std::size_t kShown = 3;
  std::string text;
  std::size_t number = 0;
  for (const Row& row : rows) {
    const bool is_unasked = row.mark == Mark::not_probed || row.mark == Mark::not_applicable;
    if (row.kind != KindId("source.proxy") || !is_unasked) continue;
    if (++number <= kShown) text += (text.empty() ? "" : ", ") + row.probe;
  }
  if (number > kShown) text += " and " + std::to_string(number - kShown) + " more";
  return text.empty() ? text : "; not asked whether they are proxies: " + text;
}

// This host sends nothing there unasked, but it answers those who ask.
std::string answered(const Findings& findings) {
  return findings.answers_anybody ? "; whoever can reach this host is answered (inbound: any)" : "";
}

// Nothing is wrong, but that something is right must be shown too.
Conclusion what_holds(const Findings& findings, const Rows& rows, const Selection& chosen) {
  const std::size_t refused = count(findings.refusals, Mark::holds);
  if (refused == 0 && chosen.has(Group::refused))
    return {Verdict::not_proven, "nothing was left to be refused"};
  if (count(rows, Mark::holds) == 0)
    return {Verdict::not_proven, "none of what was chosen could be tried"};
  if (!chosen.is_whole())
    return {Verdict::proven, counted(count(rows, Mark::holds), "probe holds", "probes hold")};
  return {Verdict::proven, "only the allow-list is reachable" + scope(findings.controls) + ": " +
                               std::to_string(count(findings.works, Mark::holds)) +
                               " allowed probes work, " + std::to_string(refused) +
                               " others are refused by egressd" + left_out(rows) +
                               unasked_as_proxies(rows) + answered(findings)};
}

Conclusion judge_all(const Findings& findings, const Rows& rows, const Selection& chosen) {
  if (const auto unenforced = without_enforcement(findings)) return *unenforced;
  if (const auto wrong = what_is_wrong(findings.controls, rows, chosen)) return *wrong;
  return what_holds(findings, rows, chosen);
}

void append(Rows& rows, const Rows& more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

}  // namespace

Rows control_rows(const Controls& controls) {
  return {
      control_row("works.control-dns",
                  controls.has_guard ? "egressd's DNS guard answers" : "a pinned resolver answers",
                  controls.resolver_answers),
      control_row("works.control-connect", "an allowed endpoint connects",
                  controls.endpoint_connects)};
}

Report conclude(const Findings& findings, const Selection& chosen) {
  Report report;
  if (chosen.needs_controls()) report.rows = control_rows(findings.controls);
  append(report.rows, findings.works);
  append(report.rows, findings.refusals);
  append(report.rows, findings.truths);
  const Conclusion conclusion = judge_all(findings, report.rows, chosen);
  report.verdict = conclusion.verdict;
  report.summary = conclusion.summary;
  report.chosen = chosen.text();
  if (!report.chosen.empty())
    report.summary += " (no verdict over the whole: " + report.chosen + ")";
  return report;
}

}  // namespace egress::verify
