#include "egressd/forked.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "control/descriptor.hpp"

namespace egress::daemon {
namespace {

void close_range(int first, int last) {
  if (first <= last) syscall(SYS_close_range, first, last, 0);
}

}  // namespace

bool ends_with(pid_t daemon) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == daemon;
}

void keep_only(std::array<int, 2> kept) {
  std::ranges::sort(kept);
  close_range(STDERR_FILENO + 1, kept[0] - 1);
  close_range(kept[0] + 1, kept[1] - 1);
  close_range(kept[1] + 1, INT32_MAX);
}

void go_first_when_memory_runs_out() {
  const control::Descriptor score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) (void)!write(score.get(), "1000", 4);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace egress::daemon
