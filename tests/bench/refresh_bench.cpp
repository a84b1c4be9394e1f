// Many names with a short TTL: whether each is asked again when its TTL has passed, and what that
// costs. The server judges: it notes when it answered which question.
#include <algorithm>
#include <stdexcept>
#include <thread>

#include "bench/authority.hpp"
#include "bench/egressd.hpp"
#include "bench/report.hpp"

namespace egress::bench {
namespace {

constexpr double kLateSeconds = 1;  // behind its TTL

struct Seen {
  std::vector<double> delays;  // of each question, the longest, in seconds behind its TTL
  double questions_per_second = 0;
  double cpu_share = 0;
  std::size_t not_open = 0;  // entries without an open address at the end
};

Seen observe(const Records& records, std::chrono::seconds window) {
  const test::Lab lab(test::Lab::Servers::none);
  Authority authority(lab.net(), records);
  const test::Daemon daemon(lab, policy_of(records.names));
  wait_until("all answered", [&] { return authority.answered() == 2 * records.names; });
  const pid_t pid = daemon_pid(lab);
  const std::size_t answers = authority.answers();
  const Activity before = activity_of(pid);
  const SteadyTime start = now();
  std::this_thread::sleep_for(window);
  const Activity spent = activity_of(pid) - before;
  const double seconds = elapsed(start) / 1000;
  Seen seen{authority.longest_gaps(), static_cast<double>(authority.answers() - answers) / seconds,
            spent.cpu / seconds, 0};
  for (double& gap : seen.delays) gap = std::max(0.0, gap - records.ttl);
  const auto list = daemon.ask<control::ListReply>(control::ListRequest{});
  if (list.entries.size() != records.names) throw std::runtime_error("entries are missing");
  seen.not_open = static_cast<std::size_t>(std::ranges::count_if(
      list.entries, [](const control::EntryReport& entry) { return entry.state != "open"; }));
  return seen;
}

void body(bool is_quick) {
  const Records records{
      .names = is_quick ? 1'000U : 10'000U, .ttl = is_quick ? 5U : 30U, .ipv4 = 1, .ipv6 = 1};
  const std::chrono::seconds window(is_quick ? 12 : 70);
  const Seen seen = observe(records, window);
  const auto late = std::ranges::count_if(seen.delays, [](double d) { return d > kLateSeconds; });
  Table table(std::to_string(records.names) + " names, A and AAAA, TTL " +
                  std::to_string(records.ttl) + " s, for " + std::to_string(window.count()) + " s",
              {"what", "seen", "goal", ""});
  table.add({"asked again later than 1 s past the TTL", std::to_string(late), "0",
             at_most(static_cast<double>(late), 0)});
  table.add({"entries not open at the end", std::to_string(seen.not_open), "0",
             at_most(static_cast<double>(seen.not_open), 0)});
  table.add({"behind the TTL, median s", number(median(seen.delays), 3)});
  table.add({"behind the TTL, 99 % s", number(percentile(seen.delays, 99), 3)});
  table.add({"behind the TTL, worst s", number(std::ranges::max(seen.delays), 3)});
  table.add({"answers per second", number(seen.questions_per_second, 0)});
  table.add({"CPU share of egressd, % of one core", number(100 * seen.cpu_share, 1)});
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
