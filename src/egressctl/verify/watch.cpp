#include "egressctl/verify/watch.hpp"

#include <csignal>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

#include "adapters/systemd/clock.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/table.hpp"

namespace egress::verify {

namespace {

// SIGINT and SIGTERM wait until they are asked for, so that a round is never cut in two.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&ends_);
    sigaddset(&ends_, SIGINT);
    sigaddset(&ends_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &ends_, &before_);
  }
  ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  // False: the time has passed without one.
  bool await(std::chrono::seconds time) const {
    const timespec span{static_cast<time_t>(time.count()), 0};
    int signal = -1;
    do {
      signal = ::sigtimedwait(&ends_, nullptr, &span);
    } while (signal < 0 && errno == EINTR);
    return signal > 0;
  }

 private:
  sigset_t ends_{};
  sigset_t before_{};
};

void print_line(ctl::Context& context, const std::string& line) {
  const std::string time = print_wall_time(systemd::SystemClock().wall());
  if (context.json) {
    context.out << nlohmann::ordered_json{{"time", time}, {"change", ctl::printable(line)}}.dump();
  } else {
    context.out << time << ' ' << ctl::printable(line);
  }
  context.out << std::endl;  // at once, whoever reads
}

}  // namespace

std::vector<std::string> Changes::since_last(const Report& report) {
  std::vector<std::string> lines;
  const std::string verdict = std::string(text(report.verdict)) + ": " + report.summary;
  if (verdict != verdict_) lines.push_back(verdict);
  verdict_ = verdict;
  std::map<std::string, Mark> marks;
  for (const Row& row : report.rows) {
    marks.emplace(row.probe, row.mark);
    const auto known = marks_.find(row.probe);
    const Mark was = known == marks_.end() ? Mark::holds : known->second;
    const bool is_news = known != marks_.end() || is_failure(row.mark);
    if (row.mark == was || !is_news) continue;
    lines.push_back(std::string(text(row.mark)) + " (was " + std::string(text(was)) +
                    "): " + std::string(row.kind.id()) + ": " + row.probe + ": " + row.seen +
                    (row.evidence.empty() ? "" : "; " + row.evidence));
  }
  marks_ = std::move(marks);
  return lines;
}

ctl::Exit watch(ctl::Context& context, const Order& order, std::chrono::seconds interval) {
  const HeldSignals signals;
  Changes changes;
  for (;;) {
    const auto outcome = verify_once(context, order);
    ctl::Exit exit = outcome ? outcome->exit() : outcome.error();
    if (outcome) {
      for (const std::string& line : changes.since_last(outcome->report)) print_line(context, line);
      if (!write_files(context, order, *outcome)) exit = ctl::Exit::failed;
    }
    if (signals.await(interval)) return exit;
  }
}

}  // namespace egress::verify
