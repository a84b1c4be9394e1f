#include "egressctl/duration.hpp"
#include "egressctl/verify/document.hpp"

namespace egress::verify {

namespace {

// Marks are told apart by sign and word; the colours are those of Okabe and Ito, which colour-blind
// people tell apart, too.
constexpr std::string_view kStyle = R"(
:root { --good: #0072b2; --bad: #b34700; --doubt: #7a5c00; --rest: #555; }
body { font: 15px/1.45 system-ui, sans-serif; color: #111; margin: 2em auto; max-width: 75em; padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0; } h2 { font-size: 1.15em; margin: 2em 0 .5em; }
.verdict { font-size: 1.5em; font-weight: 700; margin: .4em 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #ccc; overflow-wrap: anywhere; }
th { border-bottom: 2px solid #666; } td.result { white-space: nowrap; font-weight: 700; }
#about th { width: 12em; border-bottom: 1px solid #ccc; font-weight: 400; }
small { color: #555; display: block; } code { font-family: monospace; }
.good { color: var(--good); } .bad { color: var(--bad); } .doubt { color: var(--doubt); } .rest { color: var(--rest); }
tr.bad td { background: #fdf0e6; }
@media print { body { margin: 0; max-width: none; font-size: 10px; } tr { break-inside: avoid; } thead { display: table-header-group; } }
)";

struct Look {
  std::string_view style;
  std::string_view sign;
};

Look look_of(Mark mark) {
  if (is_failure(mark)) return {"bad", "\u2716"};
  if (is_untried(mark)) return {"rest", "\u2013"};
  return mark == Mark::warning ? Look{"doubt", "\u26a0"} : Look{"good", "\u2714"};
}

std::string cell(std::string_view content) {
  return "<td>" + escaped(content) + "</td>";
}

std::string fact(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  return "<tr><th scope=\"row\">" + escaped(name) + "</th>" + cell(value) + "</tr>\n";
}

std::string head(const Document& document) {
  const auto& [report, weaknesses, about] = document;
  const bool proven = report.verdict == Verdict::proven;
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">\n<title>egressd verification: " +
         escaped(text(report.verdict)) + ", " + escaped(about.host) + ", " + escaped(about.time) +
         "</title>\n<style>" + std::string(kStyle) +
         "</style>\n</head>\n<body>\n<header>\n<h1>Verification of the egress firewall</h1>\n"
         "<p id=\"verdict\" class=\"verdict " +
         (proven ? "good\">\u2714 " : "bad\">\u2716 ") + escaped(text(report.verdict)) +
         "</p>\n<p id=\"summary\">" + escaped(report.summary) + "</p>\n</header>\n";
}

std::string about_table(const Document& document) {
  const About& about = document.about;
  return "<table id=\"about\">\n" + fact("Host", about.host) + fact("Time", about.time) +
         fact("Probed", about.place) + fact("Chosen", document.report.chosen) +
         fact("egressctl", about.egressctl) + fact("egressd", about.egressd) +
         fact("Kernel", about.kernel) + fact("Table", about.protection) +
         fact("Policy, SHA-256", about.policy) + fact("Outside hosts", about.outside) +
         "</table>\n";
}

std::string probe_row(const Row& row) {
  const auto [style, sign] = look_of(row.mark);
  std::string html = "<tr class=\"probe " + std::string(style) + "\"><td class=\"result " +
                     std::string(style) + "\">" + std::string(sign) + ' ' +
                     escaped(text(row.mark)) + "</td>";
  html += "<td>" + escaped(row.probe) + "<small><code>" + escaped(row.kind.id()) +
          "</code></small></td>";
  html += cell(row.expected) + cell(row.seen);
  html += cell(row.latency ? ctl::print_microseconds(row.latency->count()) : "");
  return html + cell(row.evidence) + "<td><small>" + escaped(row.kind.means()) +
         "</small></td></tr>\n";
}

std::string probes_of(const Report& report, Group group, std::string_view title) {
  std::string rows;
  for (const Row& row : report.rows) {
    if (row.kind.group() == group) rows += probe_row(row);
  }
  if (rows.empty()) return {};
  return "<h2>" + std::string(title) +
         "</h2>\n<table class=\"probes\">\n<thead><tr><th>Result</th><th>Tried</th>"
         "<th>Expected</th><th>Seen</th><th>Time</th><th>Evidence</th><th>If it does not "
         "hold</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody>\n</table>\n";
}

std::string doctor_table(const doctor::Findings& weaknesses) {
  std::string html =
      "<h2>This host</h2>\n<p>No part of the proof: each may be how a hole comes to be, and none "
      "proves that there is one.</p>\n<table id=\"doctor\">\n";
  for (const doctor::Finding& finding : weaknesses) {
    html += "<tr><td class=\"result\">" + escaped(doctor::text(finding.severity)) + "</td>" +
            cell(finding.subject) + "<td>" + escaped(finding.found) + "<small>" +
            escaped(finding.means) + "</small><small>" + escaped(finding.remedy) +
            "</small></td></tr>\n";
  }
  return weaknesses.empty() ? "" : html + "</table>\n";
}

}  // namespace

std::string print_html(const Document& document) {
  const Report& report = document.report;
  return head(document) + about_table(document) +
         probes_of(report, Group::works, "What must work") +
         probes_of(report, Group::refused, "What must be refused") +
         probes_of(report, Group::source, "In whose name") +
         probes_of(report, Group::truth, "What must be true") + doctor_table(document.weaknesses) +
         "</body>\n</html>\n";
}

}  // namespace egress::verify
