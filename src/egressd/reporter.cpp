#include "egressd/reporter.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

#include "adapters/inherited_descriptors.hpp"
#include "adapters/system_error.hpp"
#include "adapters/write_all.hpp"
#include "control/codec.hpp"
#include "egress/core/limits.hpp"
#include "egressd/forked.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {
namespace {

using control::ClientId;
using control::Descriptor;

// What the process ends with.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kOutdated = 2;  // the table was made anew meanwhile

int open_handle(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

bool watch(int epoll, int fd, pid_t pid) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<std::uint64_t>(pid);
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Result<Reporter> Reporter::start(const TableChanges& changes, Hooks hooks) {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno("cannot watch the processes of reports");
  return Reporter(std::move(epoll), changes, std::move(hooks));
}

Reporter::~Reporter() {
  for (const auto& [pid, process] : running_) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

void Reporter::ask(ClientId client, const control::Request& request, const control::Peer& peer) {
  waiting_.push_back({client, request, peer.uid, peer.is_reader});
}

void Reporter::dispatch() {
  std::array<epoll_event, limits::kReports> events{};
  const int ready = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < ready; ++i) {
    const auto pid = static_cast<pid_t>(events[static_cast<std::size_t>(i)].data.u64);
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid)
      end(std::move(running_.extract(pid).mapped()), status);
  }
}

void Reporter::end(Process process, int status) {
  Report& report = process.report;
  if (report.is_reader) readers_owe_ += hooks_.stopwatch() - process.begun;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
  if (code == kDone) {
    const off_t size = lseek(process.file.get(), 0, SEEK_END);
    if (size > 0 && lseek(process.file.get(), 0, SEEK_SET) == 0)
      return hooks_.hand_over(report.client, std::move(process.file),
                              static_cast<std::size_t>(size));
  }
  if (code == kOutdated && ++report.tries < limits::kReportTries)
    return waiting_.push_front(std::move(report));
  if (code == kOutdated)
    return hooks_.reply(report.client,
                        control::Refused{"busy",
                                         "the table is made anew faster than it can be "
                                         "read; try again in a few seconds"});
  if (hooks_.awaits_reply(report.client))
    log(Level::warning, "report-failed",
        {{WIFSIGNALED(status) ? "signal" : "code",
          std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : code)}});
  hooks_.reply(report.client,
               control::Refused{"failed",
                                "the process that made the reply ended before it was "
                                "done; the log says how (journalctl -u egressd)"});
}

void Reporter::settle(Instant now) {
  now_ = now;
  if (readers_owe_.count() > 0)
    readers_rest_until_ = now + std::chrono::floor<milliseconds>(std::exchange(readers_owe_, {}) *
                                                                 limits::kReadersRest);
  forget_the_departed();
  if (const auto found = next(); found != waiting_.end()) {
    Report report = std::move(*found);
    waiting_.erase(found);
    begin(std::move(report));
  }
  if (waiting_.empty()) served_.clear();
}

Instant Reporter::next_deadline() const {
  Instant next = kNever;
  for (const Report& report : waiting_)
    if (may_start(report)) next = std::min(next, report.is_reader ? readers_rest_until_ : now_);
  return next;
}

// Whether there is a place for it. Readers have one, all together.
bool Reporter::may_start(const Report& report) const {
  if (running_.size() >= limits::kReports) return false;
  return !report.is_reader || std::ranges::none_of(running_, [](const auto& one) {
    return one.second.report.is_reader;
  });
}

// Those who may change the policy first, then the reader who has waited for its turn the longest.
Reporter::Reports::iterator Reporter::next() {
  const auto order = [this](const Report& report) {
    const auto at = served_.find(report.user);
    return std::tuple(report.is_reader, at == served_.end() ? 0 : at->second);
  };
  auto best = waiting_.end();
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (!may_start(*at) || (at->is_reader && now_ < readers_rest_until_)) continue;
    if (best == waiting_.end() || order(*at) < order(*best)) best = at;
  }
  return best;
}

void Reporter::begin(Report report) {
  const ClientId client = report.client;
  const bool is_reader = report.is_reader;
  if (is_reader) served_[report.user] = ++turns_;
  const std::chrono::microseconds begun = hooks_.stopwatch();
  const auto forked = fork_for(report, begun);
  if (forked) return;
  if (is_reader) readers_owe_ += hooks_.stopwatch() - begun;
  hooks_.reply(client, control::Refused{"failed", forked.error().message});
}

Result<void> Reporter::fork_for(Report& report, std::chrono::microseconds begun) {
  Descriptor file(memfd_create("egressd-reply", MFD_CLOEXEC));
  if (!file) return fail_errno("cannot make room for the reply");
  const TableChanges::Mark since = changes_.mark();
  const pid_t daemon = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail_errno("cannot make a process for the reply");
  if (pid == 0) {
    if (!ends_with(daemon)) _exit(kFailed);
    make_it(report.request, since, file.get());
  }
  Descriptor handle(open_handle(pid));
  if (!handle || !watch(epoll_.get(), handle.get(), pid)) {
    const int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    errno = error;
    return fail_errno("cannot watch the process of the reply");
  }
  running_.emplace(pid, Process{std::move(report), std::move(file), std::move(handle), pid, begun});
  return {};
}

// In the process. It never returns, so that nothing of the daemon is torn down here.
void Reporter::make_it(const control::Request& request, TableChanges::Mark since, int file) {
  const auto kernel = hooks_.detach();
  if (!kernel) _exit(kFailed);
  close_all_but(std::array{file, *kernel});
  go_first_when_memory_runs_out();
  alarm(static_cast<unsigned>(limits::kReportTime.count()));
  const auto reply = hooks_.make(request, since);
  if (!reply) _exit(kOutdated);
  _exit(write_all(file, control::encode(*reply)) ? kDone : kFailed);
}

// A client that has left needs no reply, and its process no longer to run.
void Reporter::forget_the_departed() {
  std::erase_if(waiting_,
                [this](const Report& report) { return !hooks_.awaits_reply(report.client); });
  for (const auto& [pid, process] : running_)
    if (!hooks_.awaits_reply(process.report.client)) kill(pid, SIGKILL);
}

}  // namespace egress::daemon
