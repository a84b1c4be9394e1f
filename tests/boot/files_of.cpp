#include "boot/files_of.hpp"

#include <algorithm>
#include <sstream>

namespace egress::test {
namespace {

// Each path, in order; not what lives in memory.
constexpr std::string_view kList =
    "export LC_ALL=C; find / -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o "
    "-path /run -prune -o -path /tmp -prune -o -print | sort ";
constexpr std::string_view kBefore = "/tmp/files-before";

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

FilesOf::FilesOf(const Machine& machine) : machine_(machine) {
  machine.configure(std::string(kList) + ">" + std::string(kBefore));
}

Paths FilesOf::left_behind() const {
  Paths left = lines_of(
      machine_.configure(std::string(kList) + "| comm -13 " + std::string(kBefore) + " -"));
  std::erase_if(left, is_of_others);
  return left;
}

}  // namespace egress::test
