// What the kernel says of itself, for tests that know from which version on it has something.
#pragma once

#include <sys/utsname.h>

#include <cstdio>
#include <utility>

namespace egress::test {

// Whether it is Linux major.minor or later.
inline bool is_linux(int major, int minor) {
  utsname name{};
  std::pair<int, int> found;
  if (uname(&name) != 0) return false;
  if (std::sscanf(name.release, "%d.%d", &found.first, &found.second) != 2) return false;
  return found >= std::pair{major, minor};
}

}  // namespace egress::test
