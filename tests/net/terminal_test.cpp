// egressctl on a terminal: progress, colour, and eighty columns, with the real daemon behind it.
#include <algorithm>
#include <regex>
#include <sstream>

#include "net/net_test.hpp"

namespace egress::test {
namespace {

constexpr std::size_t kColumns = 80;

// On a terminal of that width, whose output this is.
class OnATerminal : public NetTest {
 protected:
  std::string type(const std::string& command, const std::string& environment = "") const {
    return run({.words = {"script", "--quiet", "--command",
                          "stty cols 80; " + environment + ' ' + egressctl_program() +
                              " --socket " + daemon.socket().string() + ' ' + command,
                          "/dev/null"},
                .netns = lab.host(),
                .environment = {"TERM=xterm"}})
        .output;
  }

  const Daemon daemon{lab, guarded_policy("")};
};

std::string without_colour(const std::string& text) {
  static const std::regex kColour("\x1b\\[[0-9;]*m");
  return std::regex_replace(text, kColour, "");
}

std::size_t width_of(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80 && c != '\r'; }));
}

TEST_F(OnATerminal, AWaitOfManyTargetsShowsHowFarItIs) {
  std::string targets;
  for (int i = 0; i < 150; ++i) targets += " n" + std::to_string(i) + ".example:443";
  for (const char* slow : {"n7.example", "n130.example"})
    dns.set(slow, {.addresses = {}, .is_silent = true});
  const std::string shown = type("allow --dry-run" + targets);
  EXPECT_EQ(shown.find("waiting"), std::string::npos) << "nothing to wait for";
  const std::string waited = type("allow" + targets);
  for (const char* progress :
       {"waiting for targets 1 to 100 of 150: 1 s", "waiting for targets 101 to 150 of 150: 1 s"})
    EXPECT_NE(waited.find(progress), std::string::npos) << progress;
  const Finished piped = daemon.egressctl({"allow", "n7.example:444"});
  EXPECT_EQ(piped.output.find("waiting"), std::string::npos) << "not a terminal";
}

TEST_F(OnATerminal, TablesHaveEightyColumns) {
  const std::string name = "a-name-that-is-as-long-as-those-of-cloud-services-are-nowadays.example";
  dns.set(name, {.addresses = {kApi4, kApi4Second, kApi6, kOther4, kOther6}});
  const std::string allowed = type("allow " + name + ":443,444,8443");
  ASSERT_NE(allowed.find("\x1b[32mopen\x1b[0m"), std::string::npos) << allowed;
  tcp(kMetadata, 80);
  for (const char* command : {"", "list", "dns", "doctor", "verify --timeout 100ms", "open --help",
                              "why 203.0.114.9", "diff"}) {
    std::istringstream shown(without_colour(type(command)));
    std::size_t lines = 0;
    for (std::string line; std::getline(shown, line); ++lines) {
      // Of a line that is written again and again the last text stays; messages are left whole.
      line = line.substr(line.find("\x1b[K") == std::string::npos ? 0 : line.rfind("\x1b[K") + 3);
      const bool is_of_a_table = line.find("  ", 1) != std::string::npos && line[0] != ' ';
      EXPECT_TRUE(!is_of_a_table || width_of(line) <= kColumns) << command << '\n' << line;
    }
    EXPECT_GT(lines, 0U) << command;
  }
}

TEST_F(OnATerminal, NoColorIsHonoured) {
  ASSERT_NE(type("status").find("\x1b[32m"), std::string::npos) << "positive control";
  for (const char* command : {"status", "list", "why 203.0.114.9", "allow", "verify --list"})
    EXPECT_EQ(type(command, "NO_COLOR=1").find("\x1b[3"), std::string::npos) << command;
}

}  // namespace
}  // namespace egress::test
