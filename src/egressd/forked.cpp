#include "egressd/forked.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "control/descriptor.hpp"

namespace egress::daemon {

bool ends_with(pid_t daemon) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == daemon;
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
