// What a process that was forked does not need of its parent.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace egress {

// Closes every descriptor but standard input, output and error and these, so that others see them
// end when the parent closes them.
template <std::size_t kCount>
void close_all_but(std::array<int, kCount> kept) {
  std::ranges::sort(kept);
  int first = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd > first) ::syscall(SYS_close_range, first, fd - 1, 0);
    first = std::max(first, fd + 1);
  }
  ::syscall(SYS_close_range, first, INT32_MAX, 0);
}

}  // namespace egress
