#include "egressctl/table.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <sstream>

#include "egressctl/terminal.hpp"

namespace egress::ctl {
namespace {

std::string printed(const Table& table, const Terminal& terminal) {
  std::ostringstream out;
  table.print(out, terminal);
  return out.str();
}

Table example() {
  Table table({"NAME", "STATE", "NOTE"});
  table.add({"a-name-that-is-rather-long.example", {"open", Colour::green}, "x"});
  table.note("a remark that is longer than any terminal of forty columns");
  table.add({"b", "", "yy"});
  return table;
}

TEST(Table, AlignsAndNeverCutsOutsideATerminal) {
  EXPECT_EQ(printed(example(), {false, false, 10}),
            "NAME                                STATE  NOTE\n"
            "a-name-that-is-rather-long.example  open   x\n"
            "    a remark that is longer than any terminal of forty columns\n"
            "b                                          yy\n");
}

TEST(Table, CutsTheWidestColumnOnATerminal) {
  EXPECT_EQ(printed(example(), {true, false, 40}),
            "NAME                         STATE  NOTE\n"
            "a-name-that-is-rather-long\u2026  open   x\n"
            "    a remark that is longer than any terminal of forty columns\n"
            "b                                   yy\n");
}

TEST(Table, LetsColumnsGoBeforeItCuts) {
  Table table = example();
  table.let_go({"NOTE", "STATE"});
  EXPECT_EQ(printed(table, {true, false, 80}), printed(example(), {true, false, 80}));
  EXPECT_EQ(printed(table, {true, false, 45}).substr(0, 42),
            "NAME                                STATE\n");
  EXPECT_EQ(printed(table, {true, false, 35}).substr(0, 5), "NAME\n");
  EXPECT_EQ(printed(table, {false, false, 10}), printed(example(), {false, false, 10}));
}

TEST(Table, KeepsReadableWidthsOnATinyTerminal) {
  EXPECT_EQ(printed(example(), {true, false, 1}).substr(0, 22), "NAME      STATE  NOTE\n");
}

TEST(Table, ColoursOnlyWhereThereIsColour) {
  EXPECT_NE(printed(example(), {true, true, 80}).find("\033[32mopen\033[0m"), std::string::npos);
  EXPECT_EQ(printed(example(), {true, false, 80}).find('\033'), std::string::npos);
}

TEST(Table, HostileTextStaysText) {
  Table table({"A", "B"});
  table.add({"\x1b[2J\r\n\x9b\x7f\xe2\x80\xae", "b"});
  table.note("\x1b]0;x\x07");
  EXPECT_EQ(printed(table, {true, false, 80}),
            "A                                    B\n"
            "\\x1b[2J\\x0d\\x0a\\x9b\\x7f\\xe2\\x80\\xae  b\n"
            "    \\x1b]0;x\\x07\n");
}

TEST(Table, PrintableKeepsWhatQuotedMade) {
  EXPECT_EQ(printable("\"abc\u2026\" \\ ~"), "\"abc\u2026\" \\ ~");
  EXPECT_EQ(printable(std::string_view("\0\x80", 2)), "\\x00\\x80");
}

// A pseudo-terminal, the real thing.
class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    controller = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_TRUE(controller >= 0 && grantpt(controller) == 0 && unlockpt(controller) == 0);
    terminal = open(ptsname(controller), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
  }
  void TearDown() override {
    close(terminal);
    close(controller);
  }
  int controller = -1;
  int terminal = -1;
};

TEST_F(TerminalTest, HasColourUnlessNoColorOrDumb) {
  EXPECT_TRUE(terminal_at(terminal).has_colour);
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(terminal_at(terminal).has_colour);
  setenv("TERM", "xterm", 1);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(terminal_at(terminal).has_colour);
  EXPECT_TRUE(terminal_at(terminal).is_terminal);
  setenv("NO_COLOR", "", 1);  // no-color.org: only when not empty
  EXPECT_TRUE(terminal_at(terminal).has_colour);
}

TEST_F(TerminalTest, IsEightyColumnsWideUntilToldOtherwise) {
  EXPECT_EQ(terminal_at(terminal).width, 80U);
}

TEST_F(TerminalTest, AFileIsNoTerminal) {
  const int file = open("/dev/null", O_WRONLY);
  EXPECT_FALSE(terminal_at(file).is_terminal);
  EXPECT_FALSE(terminal_at(file).has_colour);
  close(file);
}

}  // namespace
}  // namespace egress::ctl
