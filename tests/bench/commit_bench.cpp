// Commits of many sizes, side by side: ours, the floor (a bare loop of libnftnl and libmnl) and
// `nft -f`. Runs in a network namespace of its own.
#include <sched.h>

#include <algorithm>
#include <array>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "adapters/netlink/netlink_kernel.hpp"
#include "bench/commit_load.hpp"
#include "bench/commit_peers.hpp"
#include "bench/comparison.hpp"
#include "egress/nft/layout.hpp"
#include "support/child_process.hpp"

namespace egress::bench {
namespace {

[[noreturn]] void stop(const std::string& why) {
  throw std::runtime_error(why);
}

// All tables are emptied before each turn, whoever's it is, so that all find the kernel alike.
void empty_tables(nft::Kernel& kernel) {
  make_peer_table();
  empty_table(kernel);
}

double ours(nft::Kernel& kernel, int count) {
  const nft::Transaction transaction = additions(0, count);
  return time_of([&] { must_commit(kernel, transaction); });
}

void compare_sizes(nft::Kernel& kernel, Effort effort) {
  const Floor floor_loop;
  Table table("Elements committed to one set, in ms",
              {"elements", "runs", "egressd", "floor", "nft -f, a list", "nft -f, lines",
               "of the floor", "goal 1.2", "faster than a list", "than lines"});
  const int divisor = effort == Effort::quick ? 25 : 1;
  for (const auto& [count, most] : {std::pair{1, 61}, {1'000, 31}, {10'000, 11}, {100'000, 7}}) {
    if (effort == Effort::quick && count > 10'000) break;
    std::array<std::vector<double>, 4> times;
    const int runs = 1 + most / divisor;
    const std::array<std::function<double()>, 4> contenders{
        [&, n = count] { return ours(kernel, n); }, [&, n = count] { return floor_loop.commit(n); },
        [n = count] { return nft_tool(n, Form::one_list); },
        [n = count] { return nft_tool(n, Form::a_line_each); }};
    // In turns that rotate, so that none always inherits what the same other one left behind.
    for (int turn = 0; turn < 4 * runs; ++turn) {
      const auto who = static_cast<std::size_t>((turn + turn / 4) % 4);
      empty_tables(kernel);
      times[who].push_back(contenders[who]());
      if (turn >= 4) continue;
      who == 0 ? must_hold_elements(kernel, count) : must_hold_peer_elements(count);
    }
    std::array<double, 4> medians{};
    std::transform(times.begin(), times.end(), medians.begin(), median);
    const auto& [egressd, floor, list, lines] = medians;
    const double of_floor = median(ratios(times[0], times[1]));
    table.add({std::to_string(count), std::to_string(runs), number(egressd, 3), number(floor, 3),
               number(list, 3), number(lines, 3), number(of_floor, 2), at_most(of_floor, 1.2),
               number(list / egressd, 1), number(lines / egressd, 1)});
  }
  table.remark(
      "The floor is a bare loop of libnftnl and libmnl. It and `nft -f` fill the same set in a "
      "table that nobody owns.");
}

void one_into_many(nft::Kernel& kernel, Effort effort) {
  Table table("One element committed to a table that holds others, in ms",
              {"already there", "runs", "median", "99 %", "of an empty table", "goal 1.5"});
  const int runs = effort == Effort::quick ? 200 : 1'000;
  double of_empty = 0;
  for (const int held : {0, 1'000, 10'000, 100'000}) {
    empty_table(kernel);
    if (held > 0) must_commit(kernel, additions(0, held));
    std::vector<double> times;
    for (int run = 0; run < runs; ++run) {
      const nft::Transaction one = additions(held + run, 1);
      times.push_back(time_of([&] { must_commit(kernel, one); }));
    }
    must_hold_elements(kernel, held + runs);
    if (held == 0) of_empty = median(times);
    const double ratio = median(times) / of_empty;
    table.add({std::to_string(held), std::to_string(runs), number(median(times), 3),
               number(percentile(times, 99), 3), number(ratio, 2), at_most(ratio, 1.5)});
  }
}

void body(Effort effort) {
  if (unshare(CLONE_NEWNET) != 0) stop("needs root, for a network namespace of its own");
  const auto kernel = netlink::open_kernel();
  if (!kernel) stop(kernel.error().message);
  compare_sizes(**kernel, effort);
  one_into_many(**kernel, effort);
}

// ---- with another build

struct Commits {
  int held, count;
  int runs;   // of a program
  int pairs;  // of programs
};

// Whole programs take turns, each in a namespace of its own.
std::vector<Cost> costs_of(const std::filesystem::path& committer, const Commits& commits) {
  const test::Finished done =
      test::run({.words = {committer, std::to_string(commits.held), std::to_string(commits.count),
                           std::to_string(commits.runs)}});
  if (done.exit_code != 0) stop(committer.string() + ": " + done.output);
  std::istringstream lines(done.output);
  std::vector<Cost> costs;
  for (Cost cost; lines >> cost.wall >> cost.cpu;) costs.push_back(cost);
  must_hold(costs.size() == static_cast<std::size_t>(commits.runs), "the committer tells each run");
  return costs;
}

Cost middle(const std::vector<Cost>& costs) {
  std::vector<double> wall, cpu;
  for (const Cost& cost : costs) {
    wall.push_back(cost.wall);
    cpu.push_back(cost.cpu);
  }
  return {median(wall), median(cpu)};
}

void compare(const std::filesystem::path& before, Effort effort) {
  Comparison table("Elements committed in one transaction");
  for (const Commits& whole : {Commits{0, 1, 10, 40},
                               {100'000, 1, 500, 20},
                               {0, 1'000, 5, 40},
                               {0, 10'000, 3, 30},
                               {0, 100'000, 1, 30}}) {
    Commits commits = whole;
    if (effort == Effort::quick) commits = {whole.held / 100, whole.count, 2, 2};
    if (effort == Effort::quick && whole.count > 10'000) break;
    Pairs pairs;
    take_turns(
        commits.pairs, [&] { pairs.before.push_back(middle(costs_of(before, commits))); },
        [&] { pairs.now.push_back(middle(costs_of(COMMITTER_PATH, commits))); });
    table.add(std::to_string(commits.count) + " to " + std::to_string(commits.held), pairs);
  }
  table.remark(
      "Times are of a transaction, each pair the medians of two programs, each with a "
      "network namespace of its own.");
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body, egress::bench::compare);
}
