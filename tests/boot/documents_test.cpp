// Not one documented command that no test runs: those of README.md, of the manual pages, of the
// package's README.Debian and in the sentences of docs/ are typed here, in their order, on a host
// that has the package. docs/openhands.md has tests of its own.
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "boot/document.hpp"
#include "boot/readers_host.hpp"

namespace egress::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstalls = "debian/egressd.README.Debian";  // by itself
// Those with a command to type.
constexpr const char* kDocuments[] = {"README.md",
                                      "debian/egressd.README.Debian",
                                      "docs/agents.md",
                                      "docs/guarantees.md",
                                      "docs/known-limits.md",
                                      "docs/man/egressctl.1",
                                      "docs/man/egressd.8",
                                      "rules/README.md"};

// What is not typed here, and why: the test that does it, or what stands against it.
const std::map<std::string, std::string> kElsewhere = {
    {"sudo scripts/run", "ScriptsRun.ProvesTheIsolation"},
    {"scripts/run --shell", "ScriptsRun.LeavesAShellOnTheControlledHost"},
    {"sudo scripts/run --host", "RunHost.ClosesTheMachineAndUninstallLeavesNothing"},
    {"sudo scripts/run --uninstall", "RunHost.ClosesTheMachineAndUninstallLeavesNothing"},
    {"sudo scripts/test", "is what runs this"},
    {"sudo scripts/test -R NAME", "is what runs this"},
    {"sudo scripts/test -R Conformance", "is what runs this"},
    {"sudo scripts/test --clients", "installs programs of others, from the npm registry"},
    {"sudo scripts/test --debian 13", "runs all of this on another release"},
    {"sudo scripts/test --old-kernel", "boots another kernel, emulated, for many minutes"},
    {"scripts/package", "a phase of scripts/test, before this"},
    {"sudo scripts/bench --save", "measures for a quarter of an hour, and writes into docs/"},
    {"scripts/bench listings", "measures for two minutes; scripts/test runs it briefly"},
    {"sudo scripts/bench --against COMMIT", "scripts/test measures the build against itself"},
    {"egressctl allow 169.254.169.254:80 --metadata", "OpenHands.EndsAsTheGuideSays"},
    {"sudo apt purge egressd", "OpenHands.EndsAsTheGuideSays"},
    {"apt purge egressd", "OpenHands.EndsAsTheGuideSays"},
    {"systemctl stop egressd", "Boot.StopLeavesTheTableAndAdditionsOutliveARestart"},
    {"apt remove egressd", "Package.ClosesALiveHostStaysClosedWhenUpgradedAndLeavesNothing"},
};
// Those that begin so.
const std::map<std::string, std::string> kElsewhereAll = {
    {"scripts/fuzz ", "needs clang and minutes; Fuzz/Corpus.* runs the same functions"},
};

// Why a command may end with 1.
const std::map<std::string, std::string> kMayFail = {
    {"sudo egressctl doctor --agent-user coder", "1 tells that this host is weak"},
    {"egressctl doctor", "1 tells that this host is weak"},
};

bool is_elsewhere(const std::string& command) {
  return kElsewhere.contains(command) || std::ranges::any_of(kElsewhereAll, [&](const auto& entry) {
           return command.starts_with(entry.first);
         });
}

// The host where documents are typed has the package, and not its sources.
bool is_of_this_tree(const std::string& command) {
  return command.starts_with("scripts/") || command.starts_with("sudo scripts/");
}

std::vector<std::string> commands_of(const std::string& path) {
  if (path.ends_with(".Debian")) return commands_of_text(path);
  if (!path.ends_with(".md")) return commands_of_man_page(path);
  std::vector<std::string> commands = commands_of_markdown(path);
  for (std::string& command : inline_commands_of_markdown(path))
    commands.push_back(std::move(command));
  return commands;
}

class Documents : public ReadersHost, public testing::WithParamInterface<const char*> {
 protected:
  Documents() {
    machine->configure(
        "useradd coder; useradd ops; mkdir -p /etc/cloud/cloud.cfg.d /root/build/package; cp "
        "/root/*.deb "
        "/root/build/package; printf 'version: 1\nallow: [\"api.openai.com:443\"]\n' "
        ">/root/new.yaml");
  }
};

TEST_P(Documents, TellNothingThatDoesNotWork) {
  if (std::string(GetParam()) != kInstalls) {
    ASSERT_EQ(type("dpkg --install /root/*.deb").exit_code, 0);
  }
  for (const std::string& command : commands_of(GetParam())) {
    if (is_elsewhere(command)) continue;
    const Finished finished = type(command);
    EXPECT_LE(finished.exit_code, kMayFail.contains(command) ? 1 : 0)
        << command << '\n'
        << finished.output << type("journalctl --unit egressd --output cat").output;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Documents, testing::ValuesIn(kDocuments), [](const auto& document) {
  std::string name = document.param;
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

bool is_document(const std::string& path) {
  return path.ends_with(".md") || path.ends_with(".Debian") || path.ends_with(".1") ||
         path.ends_with(".8");  // the examples of section 5 are policies
}

// No document has a command that is neither typed nor excepted, and no exception is without one.
TEST(DocumentedCommands, AreAllLookedAt) {
  std::set<std::string> typed(std::begin(kDocuments), std::end(kDocuments));
  typed.insert("docs/openhands.md");  // OpenHands.*
  std::set<std::string> exceptions;
  for (const auto& [command, why] : kElsewhere) exceptions.insert(command);
  for (const char* folder : {"", "docs", "docs/man", "rules", "debian"}) {
    for (const auto& file : fs::directory_iterator(fs::path(SOURCE_DIR) / folder)) {
      const std::string path = fs::relative(file, SOURCE_DIR).string();
      if (!is_document(path)) continue;
      for (const std::string& command : commands_of(path)) {
        EXPECT_TRUE(is_elsewhere(command) || (typed.contains(path) && !is_of_this_tree(command)))
            << path << ": " << command;
        exceptions.erase(command);
      }
    }
  }
  for (const std::string& command : exceptions)
    ADD_FAILURE() << "no longer documented: " << command;
}

TEST(DocumentedCommands, AreExceptedForATestThatThereIs) {
  static const std::regex kTest("([A-Z][A-Za-z]+)\\.([A-Z][A-Za-z]+)");
  std::size_t checked = 0;
  for (const auto& [command, why] : kElsewhere) {
    std::smatch name;
    if (!std::regex_match(why, name, kTest)) continue;
    const std::string macro = "TEST(_F|_P)?\\(" + name.str(1) + ", " + name.str(2) + "\\)";
    EXPECT_EQ(run({.words = {"grep", "-rqE", macro, SOURCE_DIR "/tests"}}).exit_code, 0) << why;
    ++checked;
  }
  EXPECT_GE(checked, 5U);
}

}  // namespace
}  // namespace egress::test
