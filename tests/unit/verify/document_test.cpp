// The report as JUnit XML and as a page of HTML.
#include "egressctl/verify/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "egressctl/child.hpp"
#include "fixtures.hpp"

namespace egress::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile = "<script src=\"http://evil.example/x.js\">'&\x1b[2J\xff</script>";

Row row(KindId kind, Mark mark, std::string probe = "probe") {
  return {
      kind, std::move(probe), "refused", "seen", "evidence", mark, std::chrono::microseconds(210)};
}

// One row of each mark, and everything that comes from outside hostile.
struct Filed {
  Report report{Verdict::leak, std::string("why ") + kHostile, {}, "only refused"};
  doctor::Findings weaknesses{{doctor::Severity::weak, "forwarding", kHostile, "means", "remedy"}};
  About about{kHostile,  "2026-11-25T12:00:00Z", "as coder", "1", "2", "Linux", "owned", "ab12",
              "built in"};

  Filed() {
    for (const Mark mark : {Mark::holds, Mark::leak, Mark::fails, Mark::not_proven, Mark::warning,
                            Mark::not_applicable, Mark::skipped, Mark::not_probed})
      report.rows.push_back(row("refused.metadata", mark, kHostile));
    report.rows.push_back(row("true.table", Mark::holds));
  }
  Document document() const { return {report, weaknesses, about}; }
};

std::size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

// Whatever XML has to be: Python's parser judges.
std::string parsed_by_python(const std::string& xml, const std::string& expression) {
  const std::string path =
      testing::TempDir() + "/verify-junit-" + std::to_string(getpid()) + ".xml";
  std::ofstream(path) << xml;
  const auto told = ctl::run_program({"python3", "-c",
                                      "import sys, xml.etree.ElementTree as tree\n"
                                      "suite = tree.parse(sys.argv[1]).getroot()[0]\nprint(" +
                                          expression + ")",
                                      path});
  return told ? told->out + told->err : told.error().message;
}

TEST(JUnit, MapsEachMarkAndCountsThem) {
  const std::string xml = print_junit(Filed().document());
  EXPECT_EQ(
      parsed_by_python(xml, "suite.get('tests'), suite.get('failures'), suite.get('skipped')"),
      "10 4 3\n")
      << "three rows and the verdict fail";
  EXPECT_EQ(parsed_by_python(xml, "[case[0].tag for case in suite.iter('testcase')]"),
            "['failure', 'system-out', 'failure', 'failure', 'failure', 'system-out', 'skipped', "
            "'skipped', 'skipped', 'system-out']\n");
  EXPECT_EQ(parsed_by_python(xml, "suite.findall('testcase')[1].get('time')"), "0.000210\n");
  EXPECT_EQ(parsed_by_python(xml, "suite.findall('testcase')[2].get('classname')"),
            "refused.metadata\n");
}

TEST(JUnit, KeepsWhatIsHostileAsText) {
  const std::string xml = print_junit(Filed().document());
  EXPECT_THAT(xml, Not(HasSubstr("<script")));
  EXPECT_EQ(parsed_by_python(xml, "suite.findall('testcase')[1].get('name')"),
            "<script src=\"http://evil.example/x.js\">'&\\x1b[2J\\xff</script>\n");
}

TEST(JUnit, AVerdictThatFailsWithoutARowFailsAlone) {
  Filed filed;
  filed.report = {Verdict::not_enforced, "audit mode refuses nothing", {}, ""};
  const std::string xml = print_junit(filed.document());
  EXPECT_EQ(parsed_by_python(xml, "suite.get('tests'), suite.get('failures')"), "1 1\n");
  filed.report.verdict = Verdict::proven;
  EXPECT_EQ(parsed_by_python(print_junit(filed.document()), "suite.get('failures')"), "0\n");
}

TEST(Html, StandsByItselfAndKeepsWhatIsHostileAsText) {
  const std::string page = print_html(Filed().document());
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_EQ(count(page, "<(script|link|img|iframe|object|embed|base|a|form|svg)[ >]"), 0U);
  EXPECT_EQ(count(page, "(src|href|action)=[\"']|@import|url\\("), 0U);
  EXPECT_THAT(page, HasSubstr("&lt;script src=&quot;http://evil.example/x.js&quot;&gt;"));
}

TEST(Html, TellsTheVerdictAndEveryRowBySignAndWord) {
  const std::string page = print_html(Filed().document());
  EXPECT_THAT(page, HasSubstr("\u2716 LEAK</p>"));
  EXPECT_EQ(count(page, "<tr class=\"probe "), 9U);
  EXPECT_EQ(count(page, "class=\"result bad\">\u2716 "), 3U);
  EXPECT_EQ(count(page, "class=\"result good\">\u2714 "), 2U);
  EXPECT_EQ(count(page, "class=\"result doubt\">\u26a0 "), 1U);
  EXPECT_EQ(count(page, "class=\"result rest\">\u2013 "), 3U);
  for (const char* tag :
       {"table", "thead", "tbody", "tr", "td", "th", "small", "code", "style", "p"}) {
    EXPECT_EQ(count(page, std::string("<") + tag + "[ >]"),
              count(page, std::string("</") + tag + ">"))
        << tag;
  }
  for (const char* part :
       {"only refused", "as coder", "ab12", "built in", "owned", "0.21 ms", "true.table"})
    EXPECT_THAT(page, HasSubstr(part));
}

}  // namespace
}  // namespace egress::verify
