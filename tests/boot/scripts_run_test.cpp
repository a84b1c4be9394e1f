// scripts/run, as a person starts it.
#include <gtest/gtest.h>

#include "support/child_process.hpp"

namespace egress::test {
namespace {

TEST(ScriptsRun, ProvesTheIsolation) {
  const Finished shown = run({.words = {SOURCE_DIR "/scripts/run"}});
  EXPECT_EQ(shown.exit_code, 0) << shown.output;
  EXPECT_NE(shown.output.find("\nPROVEN: "), std::string::npos) << shown.output;
}

TEST(ScriptsRun, LeavesAShellOnTheControlledHost) {
  const Finished shown =
      run({.words = {"sh", "-c",
                     "printf '%s\\n' 'curl -sS https://api.openai.com/' "
                     "'curl -sS https://github.com/ || echo refused' | \"$1\" --shell",
                     "sh", SOURCE_DIR "/scripts/run"}});
  EXPECT_EQ(shown.exit_code, 0) << shown.output;
  for (const char* text : {"the lab's internet: api.openai.com", "\nrefused\n"})
    EXPECT_NE(shown.output.find(text), std::string::npos) << text << " in " << shown.output;
}

}  // namespace
}  // namespace egress::test
