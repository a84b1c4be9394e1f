// The commands that a document of this tree tells its reader to type.
#pragma once

#include <string>
#include <vector>

namespace egress::test {

// Those of the ```sh blocks of a Markdown file, one a line; `section`: of the part below that
// heading alone.
std::vector<std::string> commands_of_markdown(const std::string& path,
                                              const std::string& section = "");
// Those in `code` of a Markdown file's sentences that begin as a command does and have arguments.
std::vector<std::string> inline_commands_of_markdown(const std::string& path);
// Those of the displays below EXAMPLES of a manual page.
std::vector<std::string> commands_of_man_page(const std::string& path);
// Those of a plain text, where they are the lines that four spaces indent.
std::vector<std::string> commands_of_text(const std::string& path);

}  // namespace egress::test
