// Every command and option stands in the manual page and in the completions of each shell.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "egressctl/app.hpp"
#include "egressctl/child.hpp"

namespace egress::ctl {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(std::string(SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The page as a reader sees it, unformatted: macros and their arguments as plain words.
std::string words_of(const std::string& page) {
  std::string words;
  std::istringstream text(content(page));
  for (std::string word; text >> word;) words += word + " ";
  return words;
}

class DocumentationTest : public testing::Test {
 protected:
  void SetUp() override {
    add_commands(app, context);
    add_options(app);
    for (const CLI::App* command : app.get_subcommands({})) {
      commands.insert(command->get_name());
      add_options(*command);
    }
    ASSERT_EQ(commands.size(), 17U);
    ASSERT_TRUE(options.contains("json") && options.contains("dry-run"));
  }
  void add_options(const CLI::App& from) {
    for (const CLI::Option* option : from.get_options()) {
      for (const std::string& name : option->get_lnames()) options.insert(name);
    }
  }
  void expect_words(const std::string& path, const std::string& option_prefix) const {
    const std::string text = content(path);
    for (const std::string& command : commands)
      EXPECT_NE(text.find(command), std::string::npos) << path << ": " << command;
    for (const std::string& option : options) {
      EXPECT_NE(text.find(option_prefix + option), std::string::npos) << path << ": --" << option;
    }
  }

  std::ostringstream nowhere;
  Context context{nowhere, nowhere, {}, {}, ""};
  CLI::App app;
  std::set<std::string> commands;
  std::set<std::string> options;
};

TEST_F(DocumentationTest, TheManualPageHasEveryCommandAndOption) {
  const std::string page = content("docs/man/egressctl.1");
  for (const std::string& command : commands) {
    EXPECT_NE(page.find(".It Cm " + command), std::string::npos) << command;
  }
  expect_words("docs/man/egressctl.1", "Fl -");
}

TEST_F(DocumentationTest, TheCompletionsHaveEveryCommandAndOption) {
  expect_words("src/egressctl/completions/egressctl.bash", "--");
  expect_words("src/egressctl/completions/_egressctl", "--");
  expect_words("src/egressctl/completions/egressctl.fish", "-l ");
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
        "Cm wildcard_rate : Ar rate", "Cm stale : Ar time", ".Li *.host", ".Li .host"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(ManualPages, AreSoundForGroff) {
  for (const char* page : {"egressctl.1", "egressd.8", "egressd.yaml.5"}) {
    const std::string path = std::string(SOURCE_DIR) + "/docs/man/" + page;
    const auto set = run_program({"groff", "-mandoc", "-Tutf8", "-ww", "-b", path});
    ASSERT_TRUE(set) << set.error().message << " (groff-base is needed)";
    EXPECT_EQ(set->status, 0) << page;
    EXPECT_EQ(set->err, "") << page;
    EXPECT_GT(set->out.size(), 1'000U) << page;
  }
}

TEST(Completions, AreSoundForBash) {
  const auto checked = run_program(
      {"bash", "-n", std::string(SOURCE_DIR) + "/src/egressctl/completions/egressctl.bash"});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->status, 0) << checked->err;
}

TEST(Completions, CompleteInBash) {
  const std::string script =
      "source " + std::string(SOURCE_DIR) +
      "/src/egressctl/completions/egressctl.bash; COMP_WORDS=(egressctl --json al); COMP_CWORD=2; "
      "_egressctl; echo ${COMPREPLY[*]}; COMP_WORDS=(egressctl allow a.example --f); COMP_CWORD=3; "
      "_egressctl; echo ${COMPREPLY[*]}; COMP_WORDS=(egressctl dns --l); COMP_CWORD=2; "
      "_egressctl; echo ${COMPREPLY[*]}";
  const auto completed = run_program({"bash", "-c", script});
  ASSERT_TRUE(completed);
  EXPECT_EQ(completed->out, "allow\n--for\n--latest\n") << completed->err;
}

}  // namespace
}  // namespace egress::ctl
