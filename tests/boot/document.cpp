#include "boot/document.hpp"

#include <fstream>
#include <regex>
#include <stdexcept>

namespace egress::test {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& path) {
  std::ifstream file(std::string(SOURCE_DIR) + "/" + path);
  if (!file) throw std::runtime_error("no " + path);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Without what is said about it, in columns of their own: "command    # remark", "command remark".
std::string without_remark(const std::string& line) {
  static const std::regex kRemark(" {3,}.*$| +# .*$");
  return std::regex_replace(line, kRemark, "");
}

// A backslash at the end of a line continues it.
void add_line(Lines& commands, bool& is_continued, std::string line) {
  const bool goes_on = line.ends_with('\\');
  if (goes_on) line.pop_back();
  line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  if (is_continued)
    commands.back() += line;
  else if (const std::string command = without_remark(line); !command.empty())
    commands.push_back(goes_on ? line : command);
  is_continued = goes_on;
}

}  // namespace

Lines commands_of_markdown(const std::string& path, const std::string& section) {
  Lines commands;
  bool is_block = false;
  bool is_continued = false;
  bool is_wanted = section.empty();
  for (const std::string& line : lines_of(path)) {
    if (line.starts_with("```"))
      is_block = line == "```sh";
    else if (!is_block && line.starts_with('#') && !section.empty())
      is_wanted = line == "## " + section;
    else if (is_block && is_wanted)
      add_line(commands, is_continued, line);
  }
  return commands;
}

Lines inline_commands_of_markdown(const std::string& path) {
  static const std::regex kCommand(
      "`((?:sudo )?(?:scripts/|apt |docker |egressctl |egressd |nft |systemctl |systemd-)[^`]* "
      "[^`]*)`");
  Lines commands;
  std::string text;
  for (const std::string& line : lines_of(path)) text += line + ' ';
  for (std::sregex_iterator at(text.begin(), text.end(), kCommand), end; at != end; ++at)
    commands.push_back((*at)[1]);
  return commands;
}

Lines commands_of_man_page(const std::string& path) {
  Lines commands;
  bool is_examples = false;
  bool is_display = false;
  bool is_continued = false;
  for (std::string line : lines_of(path)) {
    if (line.starts_with(".Sh"))
      is_examples = line == ".Sh EXAMPLES";
    else if (line.starts_with(".Bd"))
      is_display = is_examples;
    else if (line.starts_with(".Ed"))
      is_display = false;
    else if (is_display) {
      if (line.ends_with("\\e")) line.pop_back();
      add_line(commands, is_continued, line);
    }
  }
  return commands;
}

Lines commands_of_text(const std::string& path) {
  Lines commands;
  bool is_continued = false;
  for (const std::string& line : lines_of(path)) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == 4) add_line(commands, is_continued, line);
  }
  return commands;
}

}  // namespace egress::test
