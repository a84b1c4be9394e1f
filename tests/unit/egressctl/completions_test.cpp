// What each shell itself completes: the commands, and the options of each as its help tells them.
#include "egressctl/child.hpp"
#include "unit/egressctl/every_command.hpp"

namespace egress::ctl {
namespace {

constexpr const char* kFolder = SOURCE_DIR "/src/egressctl/completions/";

// Runs a script whose first argument is the file of completions.
std::string run_in(const std::string& shell, const std::string& script, const std::string& file) {
  const auto finished =
      run_program({"env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent", shell,
                   shell == "fish" ? "--no-config" : "-f", "-c", script, shell, kFolder + file});
  EXPECT_TRUE(finished) << shell << " is needed";
  if (!finished) return "";
  EXPECT_EQ(finished->err, "") << shell;
  return finished->out;
}

Names names_of(const OptionsOf& commands) {
  Names names;
  for (const auto& [name, options] : commands) names.insert(name);
  return names;
}

// One line for each command: its name, then what is offered.
std::string for_each_command(const std::string& body) {
  std::string script;
  for (const auto& [name, options] : every_command())
    script += "command=" + name + "; echo \"= $command\"; " + body + "\n";
  return script;
}

OptionsOf offered_in(const std::string& output) {
  OptionsOf offered;
  std::istringstream text(output);
  std::string command;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("= ")) command = line.substr(2);
    offered[command].merge(found_in(line, "(?:^|[*) ])--([a-z-]+)"));
  }
  return offered;
}

class CompletionsTest : public EveryCommandTest {
 protected:
  void expect_each_option(const std::string& output) const {
    const OptionsOf offered = offered_in(output);
    for (const auto& [command, options] : every_command())
      EXPECT_EQ(offered.at(command), options) << command;
  }
};

TEST_F(CompletionsTest, BashOffersWhatThereIs) {
  const std::string load = "source \"$1\"; ";
  expect_each_option(
      run_in("bash",
             load + for_each_command("COMP_WORDS=(egressctl $command --); COMP_CWORD=2; "
                                     "_egressctl; echo ${COMPREPLY[*]}"),
             "egressctl.bash"));
  const std::string all = run_in(
      "bash",
      load + "COMP_WORDS=(egressctl ''); COMP_CWORD=1; _egressctl; printf '%s\\n' ${COMPREPLY[*]}",
      "egressctl.bash");
  EXPECT_EQ(found_in(all, "(?:^|\n)([a-z]+)(?=\n)"), names_of(every_command()));
  EXPECT_NE(all.find("--version"), std::string::npos);
}

// What is handed to zsh's own functions, which need a terminal.
TEST_F(CompletionsTest, ZshOffersWhatThereIs) {
  const std::string load =
      "_arguments() { print -rl -- \"$@\"; [[ $1 != -C ]] || state=$as; }; "
      "_describe() { print -rl -- \"${(@)commands}\"; }; ";
  expect_each_option(
      run_in("zsh",
             load + "as=argument; " +
                 for_each_command("words=($command); source \"$1\" | grep -v -e --version"),
             "_egressctl"));
  const std::string all = run_in("zsh", load + "as=command; source \"$1\"", "_egressctl");
  EXPECT_EQ(found_in(all, "(?:^|\n)([a-z]+):[a-z]"), names_of(every_command()));
}

TEST_F(CompletionsTest, FishOffersWhatThereIs) {
  std::string script = "source $argv[-1]\n";
  for (const auto& [name, options] : every_command())
    script += "echo '= " + name + "'; complete -C 'egressctl " + name + " --'\n";
  expect_each_option(run_in("fish", script, "egressctl.fish"));
  const std::string all =
      run_in("fish", "source $argv[-1]; complete -C 'egressctl '", "egressctl.fish");
  EXPECT_EQ(found_in(all, "(?:^|\n)([a-z]+)\t"), names_of(every_command()));
}

TEST(Completions, ValuesInBash) {
  const std::string script =
      "source \"$1\"; COMP_WORDS=(egressctl --json al); COMP_CWORD=2; _egressctl; echo "
      "${COMPREPLY[*]}; "
      "COMP_WORDS=(egressctl allow a.example --for ''); COMP_CWORD=4; _egressctl; echo "
      "${COMPREPLY[*]}";
  EXPECT_EQ(run_in("bash", script, "egressctl.bash"), "allow\n15m 1h 8h 1d\n");
}

TEST(Completions, PresetsInBash) {
  const auto complete = [](const std::string& words, int at) {
    return run_in(
        "bash",
        "set +f; source \"$1\"; export EGRESSD_RULES_DIR=" SOURCE_DIR "/rules; COMP_WORDS=(" +
            words + "); COMP_CWORD=" + std::to_string(at) + "; _egressctl; echo ${COMPREPLY[*]}",
        "egressctl.bash");
  };
  EXPECT_EQ(complete("egressctl presets anthropic-", 2), "anthropic-ranges\n");
  EXPECT_EQ(complete("egressctl allow preset:bedr", 2), "preset:bedrock\n");
  EXPECT_EQ(complete("egressctl allow preset : bedr", 4), "bedrock\n");
  EXPECT_NE(complete("egressctl allow preset :", 3).find("anthropic-ranges"), std::string::npos);
  EXPECT_EQ(complete("egressctl deny preset : bedr", 4), "\n");
}

// Each has the prefix, and what is handed to zsh's own function is the whole list.
TEST(Completions, PresetsInZsh) {
  const std::string out =
      run_in("zsh",
             "export EGRESSD_RULES_DIR=" SOURCE_DIR
             "/rules; _arguments() { [[ $1 != -C ]] || state=argument; "
             "[[ $1 == -C ]] || print -rl -- $preset_targets; }; words=(allow); source \"$1\"",
             "_egressctl");
  EXPECT_NE(out.find("preset:bedrock\n"), std::string::npos) << out;
  EXPECT_NE(out.find("preset:zai\n"), std::string::npos) << out;
}

TEST(Completions, PresetsInFish) {
  const std::string out = run_in("fish",
                                 "set -x EGRESSD_RULES_DIR " SOURCE_DIR
                                 "/rules; source $argv[-1]; complete -C 'egressctl "
                                 "allow preset:bedr'; complete -C 'egressctl presets anthropic-'",
                                 "egressctl.fish");
  EXPECT_EQ(out, "preset:bedrock\nanthropic-ranges\n");
}

}  // namespace
}  // namespace egress::ctl
