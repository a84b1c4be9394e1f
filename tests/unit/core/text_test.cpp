#include "egress/core/text.hpp"

#include <gtest/gtest.h>

#include <iomanip>

namespace egress {
namespace {

using namespace std::string_view_literals;

TEST(Quoted, LeavesPrintableAsciiAlone) {
  EXPECT_EQ(quoted("api.openai.com:443"), "\"api.openai.com:443\"");
  EXPECT_EQ(quoted(""), "\"\"");
}

TEST(Quoted, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(quoted("a\0b"sv), "\"a\\x00b\"");
  EXPECT_EQ(quoted("\x1b[2J\r\n\x7f"), "\"\\x1b[2J\\x0d\\x0a\\x7f\"");
  EXPECT_EQ(quoted("say \"hi\" \\"), "\"say \\x22hi\\x22 \\x5c\"");
  EXPECT_EQ(quoted("\u202e"), "\"\\xe2\\x80\\xae\"");
}

TEST(Quoted, CutsAtEightyCharacters) {
  EXPECT_EQ(egress::quoted(std::string(80, 'a')), '"' + std::string(80, 'a') + '"');
  EXPECT_EQ(egress::quoted(std::string(81, 'a')), '"' + std::string(80, 'a') + "…\"");
  EXPECT_EQ(egress::quoted("abcd", 3), "\"abc…\"");
}

TEST(Quoted, IsNotTakenForThatOfTheStandardLibrary) {
  std::string text = "a";
  EXPECT_EQ("b" + quoted(text) + quoted(std::as_const(text)), "b\"a\"\"a\"");
}

TEST(IsUtf8, TakesWellFormedTextOnly) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("bücher \u20ac \U0001f600 \U0010ffff"));
  EXPECT_FALSE(is_utf8("\xff"));
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("\xc3"));
  EXPECT_FALSE(is_utf8("\xc3("));
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xe0\x80\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf8\x88\x80\x80\x80"));
}

TEST(HasControlCharacter, FindsNulAndDelete) {
  EXPECT_FALSE(has_control_character("plain bücher"));
  EXPECT_TRUE(has_control_character("a\0"sv));
  EXPECT_TRUE(has_control_character("\t"));
  EXPECT_TRUE(has_control_character("\x7f"));
}

}  // namespace
}  // namespace egress
