#include "egressctl/doctor/print.hpp"

#include <ostream>
#include <sstream>

#include "egressctl/doctor/words.hpp"
#include "egressctl/table.hpp"

namespace egress::doctor {
namespace {

using ctl::Colour;

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 6;

Colour colour_of(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return Colour::green;
    case Severity::note:
      return Colour::yellow;
    case Severity::weak:
      return Colour::red;
  }
  return Colour::none;
}

// `start` stands before the first line and has kIndent columns; words longer than a line stay
// whole, so that commands and paths can be copied.
void print_wrapped(std::ostream& out, const std::string& start, const std::string& text,
                   std::size_t hanging) {
  out << start;
  std::size_t column = kIndent;
  bool is_first = true;
  std::istringstream words(ctl::printable(text));
  for (std::string word; words >> word; is_first = false) {
    if (!is_first && column + 1 + word.size() > kWidth) {
      out << '\n' << std::string(hanging, ' ');
      column = hanging;
    } else if (!is_first) {
      out << ' ';
      ++column;
    }
    out << word;
    column += word.size();
  }
  out << '\n';
}

void print(const Finding& finding, const ctl::Context& context) {
  constexpr std::size_t kUnderText = kIndent + 7;
  const std::string word(text(finding.severity));
  const std::string start = ctl::coloured(word, colour_of(finding.severity), context.out_terminal) +
                            std::string(kIndent - word.size(), ' ');
  print_wrapped(context.out, start, finding.subject + ": " + finding.found, kIndent + 2);
  const std::string indent(kIndent, ' ');
  if (!finding.means.empty())
    print_wrapped(context.out, indent, "means: " + finding.means, kUnderText);
  if (!finding.remedy.empty())
    print_wrapped(context.out, indent, "do: " + finding.remedy, kUnderText);
  if (!finding.command.empty())
    context.out << std::string(kUnderText, ' ') << ctl::printable(finding.command) << '\n';
}

std::size_t count(const Findings& findings, Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, &Finding::severity));
}

}  // namespace

void print_text(const Findings& findings, const ctl::Context& context) {
  for (const Finding& finding : findings) print(finding, context);
}

nlohmann::ordered_json to_json(const Findings& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings)
    list.push_back({{"severity", text(finding.severity)},
                    {"subject", finding.subject},
                    {"found", finding.found},
                    {"means", finding.means},
                    {"remedy", finding.remedy},
                    {"command", finding.command}});
  return list;
}

std::string summary(const Findings& findings) {
  const std::size_t weak = count(findings, Severity::weak);
  return std::to_string(weak) + (weak == 1 ? " weakness" : " weaknesses") + ", " +
         counted(count(findings, Severity::note), "note");
}

}  // namespace egress::doctor
