// What --help tells stands in the manual page and in the completions of each shell, command by
// command, and nothing else does.
#include "egressctl/child.hpp"
#include "unit/egressctl/every_command.hpp"

namespace egress::ctl {
namespace {

// The page as a reader sees it, unformatted: macros and their arguments as plain words.
std::string words_of(const std::string& page) {
  std::string words;
  std::istringstream text(content(page));
  for (std::string word; text >> word;) words += word + " ";
  return words;
}

using DocumentationTest = EveryCommandTest;

// The commands of the page's list, each with the options in its head and in the list below it.
OptionsOf options_in_page() {
  std::istringstream text(content("docs/man/egressctl.1"));
  OptionsOf found;
  std::string command;
  int depth = 0;
  bool is_commands = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(".Sh")) is_commands = line == ".Sh COMMANDS";
    if (line.starts_with(".Bl")) ++depth;
    if (line.starts_with(".El")) --depth;
    const bool is_head = depth == 1 && line.starts_with(".It Cm ");
    if (!is_commands || (!is_head && !line.starts_with(".It Fl "))) continue;
    if (is_head) command = *found_in(line, "Cm ([a-z]+)").begin();
    found[command].merge(found_in(line, "Fl -([a-z-]+)"));
  }
  return found;
}

TEST_F(DocumentationTest, TheManualPageTellsTheOptionsOfEachCommandAndNoOther) {
  OptionsOf told = every_command();
  for (auto& [command, options] : told) options = without(options, {"help", "json", "socket"});
  EXPECT_EQ(options_in_page(), told);
  const std::string text = content("docs/man/egressctl.1");
  for (const char* common :
       {".It Fl -json", ".It Fl -socket", ".It Fl h , Fl -help", ".It Fl -version"})
    EXPECT_NE(text.find(common), std::string::npos) << common;
}

TEST(ManualPages, TellTheOptionsOfTheDaemonAndNoOther) {
  const auto help = run_program({EGRESSD_PATH, "--help"});
  ASSERT_TRUE(help && help->status == 0);
  const std::string page = content("docs/man/egressd.8");
  EXPECT_EQ(found_in(page, "\\.It Fl -([a-z-]+)"), found_in(help->out, "\n  (?:-h,)?--([a-z-]+)"));
  EXPECT_EQ(without(found_in(page, "Fl -([a-z-]+)"), {"help", "version"}),
            without(found_in(page, "\\.It Fl -([a-z-]+)"), {"help", "version"}))
      << "the synopsis";
}

TEST_F(DocumentationTest, TheManualPageHasEveryVerdictOfTheGuard) {
  const std::string page = content("docs/man/egressctl.1");
  for (const char* verdict : {"held", "asked", "stale", "no data", "refused", "filtered", "failed",
                              "limited", "unusable"}) {
    EXPECT_NE(page.find(std::string(".It Cm ") + verdict), std::string::npos) << verdict;
  }
}

TEST(ManualPages, ThePolicyPageHasTheSettingsOfTheGuard) {
  const std::string page = words_of("docs/man/egressd.yaml.5");
  for (const char* part :
       {".It Cm dns :", "Cm mode : Cm guard | poll", "Cm refuse_with : Cm nxdomain | refused",
        "Cm wildcard_rate : Ar rate", "Cm refresh : Cm on-demand | own-clock", "Cm stale : Ar time",
        ".Li *.host", ".Li .host"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

std::vector<std::string> manual_pages() {
  std::vector<std::string> pages;
  for (const auto& file : std::filesystem::directory_iterator(SOURCE_DIR "/docs/man"))
    pages.push_back(file.path());
  EXPECT_GE(pages.size(), 3U);
  return pages;
}

TEST(ManualPages, AreSoundForGroff) {
  for (const std::string& path : manual_pages()) {
    const std::string page = path.substr(path.rfind('/') + 1);
    const auto set = run_program({"groff", "-mandoc", "-Tutf8", "-ww", "-b", path});
    ASSERT_TRUE(set) << set.error().message << " (groff-base is needed)";
    EXPECT_EQ(set->status, 0) << page;
    EXPECT_EQ(set->err, "") << page;
    EXPECT_GT(set->out.size(), 1'000U) << page;
  }
}

TEST(ManualPages, AreSoundForMandoc) {
  for (const std::string& page : manual_pages()) {
    const auto checked = run_program({"mandoc", "-T", "lint", "-W", "warning", page});
    ASSERT_TRUE(checked) << checked.error().message << " (mandoc is needed)";
    EXPECT_EQ(checked->out + checked->err, "") << page;
  }
}

}  // namespace
}  // namespace egress::ctl
