#include "bench/dns_compare.hpp"

#include <array>

#include "bench/comparison.hpp"
#include "bench/dns_contenders.hpp"

namespace egress::bench {
namespace {

constexpr std::size_t kPerSecond = 1'000;

// How much is asked in one turn.
struct Load {
  std::size_t fresh;
  std::chrono::milliseconds cached;
  std::size_t trickle;
};

// What one guard did in one turn, and the names of that.
using Turn = std::array<Cost, 4>;
constexpr std::array<const char*, 4> kOperations{"new name, flood", "held name, flood",
                                                 "wait for a new name, median",
                                                 "wait for a new name, 99 %"};

template <class Questions>
Cost cost_of_flood(const Resolver& resolver, Questions questions) {
  const double before = process_cpu(resolver.pid());
  const Throughput flood = questions();
  const double spent = process_cpu(resolver.pid()) - before;
  must_hold(100 * flood.answered >= 99 * flood.sent, "egressd answers 99 of 100 questions");
  return {1e6 / flood.per_second, 1e6 * spent / static_cast<double>(flood.answered)};
}

Turn measure(const test::Lab& lab, const std::string& program, const Load& load) {
  const Contender contender = egressd(lab, program);
  const auto resolver = start(lab, contender);
  const Names names{0, load.fresh};
  const Cost fresh = cost_of_flood(*resolver, [&] { return flood(lab, contender.server, names); });
  const Cost cached = cost_of_flood(
      *resolver, [&] { return flood_for(lab, contender.server, names, load.cached); });
  const std::vector<double> waits =
      trickle(lab, contender.server, {load.fresh, load.trickle}, kPerSecond).milliseconds;
  must_hold(!waits.empty(), "egressd answers");
  return {fresh, cached, Cost{.wall = 1e3 * percentile(waits, 50)},
          Cost{.wall = 1e3 * percentile(waits, 99)}};
}

}  // namespace

void compare_dns(const std::filesystem::path& before, Effort effort) {
  const bool is_quick = effort == Effort::quick;
  const Load load{is_quick ? 1'000U : 4'000U, std::chrono::milliseconds(is_quick ? 200 : 400),
                  is_quick ? 100U : 400U};
  const test::Lab lab(test::Lab::Servers::none);
  const Upstream upstream(lab);
  std::array<Pairs, kOperations.size()> all;
  const auto take_turn = [&](const std::string& program, std::vector<Cost> Pairs::*side) {
    const Turn turn = measure(lab, program, load);
    for (std::size_t i = 0; i < all.size(); ++i) (all[i].*side).push_back(turn[i]);
  };
  take_turns(
      is_quick ? 2 : 40, [&] { take_turn(before, &Pairs::before); },
      [&] { take_turn({}, &Pairs::now); });
  Comparison table("The DNS guard, each started again in every turn");
  for (std::size_t i = 0; i < all.size(); ++i) table.add(kOperations[i], all[i]);
  table.remark(
      "Flood: dnsperf, 4 clients, 100 questions under way; µs an answer. Waits: at 1,000 new names "
      "per second; the processor's time is that of egressd.");
}

}  // namespace egress::bench
