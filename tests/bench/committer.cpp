// committer HELD COUNT RUNS: commits COUNT elements to a table that holds HELD others, RUNS times,
// in a network namespace of its own. Prints a line for each: microseconds, and those of them on the
// processor. Built with this commit and with the one that it is compared with.
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include "adapters/netlink/netlink_kernel.hpp"
#include "bench/commit_load.hpp"
#include "bench/cost.hpp"
#include "egress/nft/layout.hpp"

namespace egress::bench {
namespace {

void measure(int held, int count, int runs) {
  if (unshare(CLONE_NEWNET) != 0) throw std::runtime_error("needs root");
  const auto kernel = netlink::open_kernel();
  if (!kernel) throw std::runtime_error(kernel.error().message);
  empty_table(**kernel);
  if (held > 0) must_commit(**kernel, additions(0, held));
  for (int run = 0; run < runs; ++run) {
    if (held == 0 && run > 0) empty_table(**kernel);
    const int first = held == 0 ? 0 : held + run * count;
    const nft::Transaction transaction = additions(first, count);
    const Cost cost = cost_of(1, [&] { must_commit(**kernel, transaction); });
    std::printf("%.3f %.3f\n", cost.wall, cost.cpu);
  }
  must_hold_elements(**kernel, held == 0 ? count : held + runs * count);
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    egress::bench::measure(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
