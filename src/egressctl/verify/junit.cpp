#include <algorithm>
#include <array>
#include <cstdio>

#include "egressctl/verify/document.hpp"

namespace egress::verify {

namespace {

std::string attribute(std::string_view name, std::string_view value) {
  return ' ' + std::string(name) + "=\"" + escaped(value) + '"';
}

std::string in_seconds(std::chrono::microseconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", static_cast<double>(time.count()) / 1e6);
  return text.data();
}

// The line that tells all of a row.
std::string told(const Row& row) {
  std::string text = "expected: " + row.expected + "; seen: " + row.seen;
  if (!row.evidence.empty()) text += "; " + row.evidence;
  return text;
}

std::string result_of(const Row& row) {
  if (is_failure(row.mark)) {
    return "      <failure" + attribute("type", text(row.mark)) + attribute("message", told(row)) +
           ">" + escaped(row.kind.means()) + "</failure>\n";
  }
  if (is_untried(row.mark)) return "      <skipped" + attribute("message", row.seen) + "/>\n";
  return "      <system-out>" + escaped(std::string(text(row.mark)) + ": " + told(row)) +
         "</system-out>\n";
}

std::string test_case(const Row& row) {
  return "    <testcase" + attribute("classname", row.kind.id()) + attribute("name", row.probe) +
         attribute("time", in_seconds(row.latency.value_or(std::chrono::microseconds(0)))) + ">\n" +
         result_of(row) + "    </testcase>\n";
}

// A verdict can fail where no row does: nothing is enforced, or nothing was left to be tried.
std::string verdict_case(const Report& report) {
  std::string test = "    <testcase classname=\"verdict\" name=\"verdict\" time=\"0\">\n";
  const bool proven = report.verdict == Verdict::proven;
  test += proven ? "      <system-out>" + escaped(report.summary) + "</system-out>\n"
                 : "      <failure" + attribute("type", text(report.verdict)) +
                       attribute("message", report.summary) + "/>\n";
  return test + "    </testcase>\n";
}

std::string properties(const About& about) {
  std::string list = "    <properties>\n";
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>{"egressctl", about.egressctl},
        {"egressd", about.egressd},
        {"kernel", about.kernel},
        {"protection", about.protection},
        {"policy", about.policy},
        {"outside", about.outside},
        {"place", about.place}}) {
    list += "      <property" + attribute("name", name) + attribute("value", value) + "/>\n";
  }
  return list + "    </properties>\n";
}

}  // namespace

std::string print_junit(const Document& document) {
  const Rows& rows = document.report.rows;
  const auto count = [&](bool (*counts)(Mark)) {
    return std::ranges::count_if(rows, [&](const Row& row) { return counts(row.mark); });
  };
  const bool proven = document.report.verdict == Verdict::proven;
  const std::string counts =
      attribute("tests", std::to_string(rows.size() + 1)) +
      attribute("failures", std::to_string(count(is_failure) + (proven ? 0 : 1))) +
      attribute("errors", "0") + attribute("skipped", std::to_string(count(is_untried)));
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts +
                     ">\n  <testsuite name=\"egressctl verify\"" + counts +
                     attribute("hostname", document.about.host) +
                     attribute("timestamp", document.about.time) + ">\n";
  text += properties(document.about) + verdict_case(document.report);
  for (const Row& row : rows) text += test_case(row);
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace egress::verify
