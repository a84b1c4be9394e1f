#include "egressd/forked.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "control/descriptor.hpp"

namespace egress::daemon {

bool ends_with(pid_t daemon) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == daemon;
}

void go_first_when_memory_runs_out() {
  const control::Descriptor score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) (void)!write(score.get(), "1000", 4);
}

}  // namespace egress::daemon
