// Answers the requests that change nothing, each in a process of its own. Forked from the daemon,
// it has all that the daemon knows at that moment and shares nothing that it could spoil; it reads
// the kernel's table through a socket of its own, writes the reply into a file in memory and ends.
// However large the table is, the daemon has forked and no more: no answer and no commit waits for
// a listing.
//
// While a process lives, each page that the daemon writes to is copied first. Those who may not
// change the policy therefore have one process, all together, and rest a few times as long as it
// ran; the others do not.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>

#include "control/descriptor.hpp"
#include "control/messages.hpp"
#include "control/server.hpp"
#include "egress/core/result.hpp"
#include "egress/core/time.hpp"
#include "egressd/table_changes.hpp"

namespace egress::daemon {

class Reporter {
 public:
  struct Hooks {
    // Called in the process. The descriptor that it reads the kernel through, the only one of the
    // daemon's beside the log that it keeps.
    std::function<Result<int>()> detach;
    // Likewise: the reply, and empty where the table was made anew meanwhile, so that it says
    // nothing. `since`: when the process began.
    std::function<std::optional<control::Reply>(const control::Request&, TableChanges::Mark since)>
        make;

    std::function<void(control::ClientId, const control::Reply&)> reply;
    std::function<void(control::ClientId, control::Descriptor file, std::size_t size)> hand_over;
    std::function<bool(control::ClientId)> awaits_reply;  // the client has not left
    std::function<std::chrono::microseconds()> stopwatch;
  };

  static Result<Reporter> start(const TableChanges& changes, Hooks hooks);
  Reporter(Reporter&&) noexcept = default;
  Reporter& operator=(Reporter&&) = delete;
  ~Reporter();

  int fd() const { return epoll_.get(); }  // readable when a process has ended
  void ask(control::ClientId client, const control::Request& request, const control::Peer& peer);
  // Hands over what is done.
  void dispatch();
  // Once at the end of each turn, when what the daemon knows and what it has committed agree.
  void settle(Instant now);
  Instant next_deadline() const;

 private:
  struct Report {
    control::ClientId client{};
    control::Request request;
    uid_t user = 0;
    bool is_reader = true;
    int tries = 0;
  };
  struct Process {
    Report report;
    control::Descriptor file;    // of the reply
    control::Descriptor handle;  // pidfd
    pid_t pid = 0;
    std::chrono::microseconds begun{};
  };
  using Reports = std::list<Report>;

  Reporter(control::Descriptor epoll, const TableChanges& changes, Hooks hooks)
      : epoll_(std::move(epoll)), changes_(changes), hooks_(std::move(hooks)) {}
  bool may_start(const Report& report) const;
  Reports::iterator next();
  void begin(Report report);
  Result<void> fork_for(Report& report, std::chrono::microseconds begun);
  [[noreturn]] void make_it(const control::Request& request, TableChanges::Mark since, int file);
  void end(Process process, int status);
  void forget_the_departed();

  control::Descriptor epoll_;
  const TableChanges& changes_;
  Hooks hooks_;
  Reports waiting_;
  std::map<pid_t, Process> running_;
  std::map<uid_t, std::uint64_t> served_;  // when each reader last had its turn
  std::uint64_t turns_ = 0;
  Instant now_{};
  std::chrono::microseconds readers_owe_{};  // what theirs took since the last turn
  Instant readers_rest_until_{};
};

}  // namespace egress::daemon
