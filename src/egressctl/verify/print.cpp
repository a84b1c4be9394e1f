#include "egressctl/verify/print.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "egressctl/doctor/print.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/table.hpp"

namespace egress::verify {

namespace {

using ctl::Colour;
using nlohmann::ordered_json;

Colour colour_of(Mark mark) {
  if (is_failure(mark)) return Colour::red;
  if (is_untried(mark)) return Colour::none;
  return mark == Mark::warning ? Colour::yellow : Colour::green;
}

bool needs_attention(const Row& row) {
  return is_failure(row.mark) || row.mark == Mark::warning;
}

double in_ms(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

// What makes the whole fail stands out in the journal.
std::string_view priority(bool is_failing, const ctl::Context& context) {
  return is_failing && context.out_terminal.is_journal ? "<3>" : "";
}

void print_in_full(const Row& row, const ctl::Context& context) {
  const std::string_view start = priority(is_failure(row.mark), context);
  context.out << start << ctl::coloured(text(row.mark), colour_of(row.mark), context.out_terminal)
              << ": " << ctl::printable(row.probe) << '\n'
              << start << "    expected: " << row.expected << "; seen: " << ctl::printable(row.seen)
              << '\n';
  if (!row.evidence.empty()) context.out << start << "    " << ctl::printable(row.evidence) << '\n';
  context.out << start << "    " << row.kind.id() << ": " << row.kind.means() << '\n';
}

ordered_json to_json(const About& about) {
  return {{"host", about.host},
          {"time", about.time},
          {"place", about.place},
          {"egressctl", about.egressctl},
          {"egressd", about.egressd},
          {"kernel", about.kernel},
          {"protection", about.protection},
          {"policy", about.policy},
          {"outside", about.outside}};
}

}  // namespace

void print_text(const Document& document, const ctl::Context& context) {
  const auto& [report, weaknesses, about] = document;
  ctl::Table table({"RESULT", "PROBE", "EXPECTED", "SEEN", "TIME", "EVIDENCE"});
  for (const Row& row : report.rows) {
    table.add({{std::string(text(row.mark)), colour_of(row.mark)},
               row.probe,
               row.expected,
               row.seen,
               row.latency ? ctl::print_microseconds(row.latency->count()) : "",
               row.evidence});
  }
  table.let_go({"TIME", "EXPECTED", "EVIDENCE"});  // which is told below where it matters
  table.print(context.out, context.out_terminal);
  context.out << '\n';
  for (const Row& row : report.rows) {
    if (needs_attention(row)) print_in_full(row, context);
  }
  if (!about.place.empty()) context.out << "probed " << ctl::printable(about.place) << "\n\n";
  if (!weaknesses.empty()) {
    context.out << "this host, which is no part of the proof (egressctl doctor):\n";
    doctor::print_text(weaknesses, context);
    context.out << '\n';
  }
  const bool proven = report.verdict == Verdict::proven;
  context.out << priority(!proven, context)
              << ctl::coloured(text(report.verdict), proven ? Colour::green : Colour::red,
                               context.out_terminal)
              << ": " << ctl::printable(report.summary) << '\n';
}

void print_list(const ctl::Context& context) {
  ctl::Table table({"KIND", "WHAT IS LOOKED AT"});
  for (const Kind& kind : kCatalogue) {
    table.add({std::string(kind.id), std::string(kind.title)});
    table.note(std::string(kind.means));
  }
  table.print(context.out, context.out_terminal);
}

void print_list_json(const ctl::Context& context) {
  ordered_json kinds = ordered_json::array();
  for (const Kind& kind : kCatalogue) {
    kinds.push_back({{"kind", kind.id},
                     {"group", text(KindId(kind).group())},
                     {"title", kind.title},
                     {"means", kind.means}});
  }
  context.out << ordered_json{{"kinds", std::move(kinds)}}.dump(2) << '\n';
}

void print_json(const Document& document, const ctl::Context& context) {
  const auto& [report, weaknesses, about] = document;
  ordered_json probes = ordered_json::array();
  for (const Row& row : report.rows) {
    probes.push_back({{"result", lower(text(row.mark))},
                      {"kind", row.kind.id()},
                      {"group", text(row.kind.group())},
                      {"probe", row.probe},
                      {"expected", row.expected},
                      {"seen", row.seen},
                      {"latency_ms", row.latency ? ordered_json(in_ms(*row.latency)) : nullptr},
                      {"evidence", row.evidence},
                      {"means", row.kind.means()}});
  }
  const ordered_json whole{{"verdict", lower(text(report.verdict))},
                           {"summary", report.summary},
                           {"chosen", report.chosen},
                           {"about", to_json(about)},
                           {"probes", std::move(probes)},
                           {"doctor", doctor::to_json(weaknesses)}};
  constexpr auto kReplaceBadUtf8 = ordered_json::error_handler_t::replace;
  context.out << whole.dump(2, ' ', false, kReplaceBadUtf8) << '\n';
}

}  // namespace egress::verify
