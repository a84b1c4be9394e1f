#include "egressctl/terminal.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace egress::ctl {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// systemd.exec(5), $JOURNAL_STREAM: the device and inode of the stream that ends in the journal.
bool is_journal_stream(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 &&
         environment("JOURNAL_STREAM") ==
             std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace

Terminal terminal_at(int fd) {
  Terminal terminal;
  terminal.is_terminal = isatty(fd) == 1;
  terminal.has_colour =
      terminal.is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  terminal.is_journal = is_journal_stream(fd);
  winsize size{};
  if (terminal.is_terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.width = size.ws_col;
  return terminal;
}

}  // namespace egress::ctl
