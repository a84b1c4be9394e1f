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

constexpr double kLate = 5;  // percent of the TTL behind it

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

void body(Effort effort) {
  const Records records{.names = effort == Effort::quick ? 1'000U : 10'000U,
                        .ttl = effort == Effort::quick ? 5U : 30U,
                        .ipv4 = 1,
                        .ipv6 = 1};
  const std::chrono::seconds window(effort == Effort::quick ? 12 : 70);
  const Seen seen = observe(records, window);
  must_hold(seen.not_open == 0, "every entry is open at the end");
  const double worst = 100 * std::ranges::max(seen.delays) / records.ttl;
  Table table(std::to_string(records.names) + " names, A and AAAA, TTL " +
                  std::to_string(records.ttl) + " s, for " + std::to_string(window.count()) + " s",
              {"what", "seen", "goal", ""});
  table.add({"asked again behind the TTL, at worst, % of it", number(worst, 2),
             "≤ " + number(kLate, 0), at_most(worst, kLate)});
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
