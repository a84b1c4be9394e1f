#include "boot/files_of.hpp"

#include <algorithm>
#include <sstream>

namespace egress::test {
namespace {

// Each path below the folder, without it; not what lives in memory.
constexpr const char* kList =
    "cd \"$1\" && find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o "
    "-path ./run -prune -o -path ./tmp -prune -o -printf '/%P\\n'";

constexpr std::string_view kOfOthers[] = {
    "/var/lib/dpkg/",   "/var/lib/systemd/", "/var/log/",       "/var/cache/",    "/var/tmp/",
    "/etc/machine-id",  "/etc/.pwd.lock",    "/etc/passwd-",    "/etc/shadow-",   "/etc/group-",
    "/etc/gshadow-",    "/etc/.updated",     "/var/.updated",   "/usr/lib/udev/", "/root/",
    "/var/lib/private", "/etc/localtime",    "/etc/resolv.conf"};

Paths lines_of(const std::string& text) {
  Paths lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

bool is_of_others(const std::string& path) {
  const bool speaks_of_us = path.find("egress") != std::string::npos;
  return !speaks_of_us && std::ranges::any_of(kOfOthers, [&](std::string_view begin) {
    return path.starts_with(begin);
  });
}

}  // namespace

Paths files_of(const Machine& machine) {
  return lines_of(machine.execute({"env", "--chdir=/", "sh", "-c", kList, "sh", "/"}).output);
}

Paths files_of_the_tree() {
  const Finished tree = run({.words = {SOURCE_DIR "/tests/boot/machine", "tree"}});
  const std::string path = tree.output.substr(0, tree.output.find('\n'));
  return lines_of(run({.words = {"sh", "-c", kList, "sh", path}}).output);
}

Paths left_behind(const Paths& before, const Paths& now) {
  Paths left;
  for (const std::string& path : now)
    if (!before.contains(path) && !is_of_others(path)) left.insert(path);
  return left;
}

}  // namespace egress::test
