#include "egressd/sweep.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>

#include "adapters/inherited_descriptors.hpp"
#include "adapters/system_error.hpp"
#include "adapters/write_all.hpp"
#include "egress/core/limits.hpp"
#include "egressd/forked.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {

Sweep::~Sweep() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Sweep::begin(const engine::ForgetCrowd& order) {
  if (const auto forked = fork_for(order); !forked) {
    log(Level::error, "flows-not-forgotten", {{"message", forked.error().message}});
    hooks_.done(0);
  }
}

Result<void> Sweep::fork_for(const engine::ForgetCrowd& order) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
  control::Descriptor reading(ends[0]), writing(ends[1]);
  auto watching = loop_.watch(reading.get(), [this](systemd::Ready) { end(); });
  if (!watching) return tl::unexpected(watching.error());
  const pid_t daemon = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail_errno("cannot make a process that looks through the tracked flows");
  if (pid == 0) {
    if (!ends_with(daemon)) _exit(1);
    work(order, writing.get());
  }
  answer_ = std::move(reading);
  watch_ = *std::move(watching);
  pid_ = pid;
  return {};
}

// In the process. It never returns, so that nothing of the daemon is torn down here.
void Sweep::work(const engine::ForgetCrowd& order, int pipe) {
  const auto kernel = hooks_.detach();
  if (!kernel) _exit(1);
  close_all_but(std::array{pipe, *kernel});
  go_first_when_memory_runs_out();
  alarm(static_cast<unsigned>(limits::kReportTime.count()));
  const auto count = hooks_.work(order);
  if (!count) log(Level::error, "flows-not-forgotten", {{"message", count.error().message}});
  _exit(count && write_all(pipe, std::to_string(*count)) ? 0 : 1);
}

void Sweep::end() {
  std::array<char, 32> text{};
  const ssize_t size = read(answer_.get(), text.data(), text.size());
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  watch_.reset();
  answer_ = control::Descriptor();
  std::size_t count = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, count);
  hooks_.done(count);
}

}  // namespace egress::daemon
