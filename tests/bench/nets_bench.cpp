// Policies of prefixes: intervals into the kernel beside the floor and `nft -f`, and what a host
// with many of them waits for.
#include <sched.h>

#include <array>
#include <functional>
#include <optional>
#include <stdexcept>

#include "adapters/netlink/netlink_kernel.hpp"
#include "bench/commit_load.hpp"
#include "bench/commit_peers.hpp"
#include "bench/report.hpp"
#include "support/lab.hpp"

namespace egress::bench {
namespace {

[[noreturn]] void stop(const std::string& why) {
  throw std::runtime_error(why);
}

void compare_sizes(nft::Kernel& kernel, Effort effort) {
  const Floor floor_loop;
  Table table("Intervals committed to one set, in ms",
              {"intervals", "runs", "egressd", "floor", "nft -f, a list", "of the floor",
               "goal 1.2", "faster than nft"});
  const int divisor = effort == Effort::quick ? 25 : 1;
  for (const auto& [count, most] : {std::pair{10, 61}, {100, 61}, {1'000, 31}, {10'000, 9}}) {
    if (effort == Effort::quick && count > 1'000) break;
    std::array<std::vector<double>, 3> times;
    const int runs = 1 + most / divisor;
    const std::array<std::function<double()>, 3> contenders{
        [&, n = count] {
          const nft::Transaction transaction = additions(0, n, Shape::nets);
          return time_of([&] { must_commit(kernel, transaction); });
        },
        [&, n = count] { return floor_loop.commit(n, Shape::nets); },
        [n = count] { return nft_tool(n, Form::one_list, Shape::nets); }};
    for (int turn = 0; turn < 3 * runs; ++turn) {
      const auto who = static_cast<std::size_t>((turn + turn / 3) % 3);
      make_peer_table(Shape::nets);
      empty_table(kernel);
      times[who].push_back(contenders[who]());
      if (turn >= 3) continue;
      who == 0 ? must_hold_elements(kernel, count) : must_hold_peer_elements(count);
    }
    const double of_floor = median(ratios(times[0], times[1]));
    table.add({std::to_string(count), std::to_string(runs), number(median(times[0]), 3),
               number(median(times[1]), 3), number(median(times[2]), 3), number(of_floor, 2),
               at_most(of_floor, 1.2), number(median(ratios(times[2], times[0])), 1)});
  }
  table.remark(
      "Intervals of an address, a transport and a port; none touches another. The floor is a bare "
      "loop of libnftnl and libmnl.");
}

void commits(Effort effort) {
  if (unshare(CLONE_NEWNET) != 0) stop("needs root, for a network namespace of its own");
  const auto kernel = netlink::open_kernel();
  if (!kernel) stop(kernel.error().message);
  compare_sizes(**kernel, effort);
}

std::string policy_of_nets(int count) {
  std::string policy = "version: 1\nallow:\n";
  for (int i = 0; i < count; ++i) policy += "  - " + first_of(i, Shape::nets).text() + "/28:443\n";
  return policy;
}

void hosts(Effort effort) {
  Table table("A policy of CIDRs",
              {"CIDRs", "runs", "start to ready, ms", "`verify --only true`, ms", "goal 1,000"});
  const int runs = effort == Effort::quick ? 1 : 5;
  for (const int count : {10, 1'000, 9'000}) {
    if (effort == Effort::quick && count > 1'000) break;
    std::vector<double> starts, proofs;
    for (int run = 0; run < runs; ++run) {
      const test::Lab lab(test::Lab::Servers::none);
      std::optional<test::Daemon> daemon;
      starts.push_back(time_of([&] { daemon.emplace(lab, policy_of_nets(count)); }));
      test::Finished proof;
      proofs.push_back(time_of([&] { proof = daemon->egressctl({"verify", "--only", "true"}); }));
      must_hold(proof.output.find("probes hold") != std::string::npos, proof.output);
    }
    table.add({std::to_string(count), std::to_string(runs), number(median(starts), 0),
               number(median(proofs), 0), at_most(median(proofs), 1'000)});
  }
}

void body(Effort effort) {
  hosts(effort);
  commits(effort);
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
