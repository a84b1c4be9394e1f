// The DNS guard beside the resolvers that people use: how many questions a second, and what a
// question waits for. Contenders take turns in every round, each started anew.
#include <algorithm>
#include <stdexcept>

#include "bench/cost.hpp"
#include "bench/dns_compare.hpp"
#include "bench/dns_contenders.hpp"
#include "bench/report.hpp"
#include "egress/core/limits.hpp"

namespace egress::bench {
namespace {

const char* const kPeer = "dnsmasq --nftset";  // that is to be beaten

// What one contender did, a value for each round.
struct Seen {
  std::vector<double> rates;       // answers per second
  std::vector<double> cpu_us;      // of the resolver, for each answer
  std::vector<double> per_commit;  // answers
  std::vector<double> memory;      // MiB, at the end
  std::vector<double> p50, p99;    // ms
  std::size_t failed = 0;          // questions without a good answer, in all rounds
  std::size_t not_open = 0;        // answers whose address is not in the table, in all rounds
  std::string stages{};            // of the last round
};

struct Entrant {
  Contender contender;
  Seen seen{};
};
using Entrants = std::vector<Entrant>;

// Each entrant in each round, in turn.
template <class Measure>
void take_turns(Entrants& entrants, int rounds, Measure measure) {
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < entrants.size(); ++i)
      measure(entrants[(i + static_cast<std::size_t>(round)) % entrants.size()]);
}

// Runs `load` and notes its rate and what it cost the resolver.
template <class Load>
void note_flood(Seen& seen, const Resolver* resolver, Load load) {
  const double before = resolver != nullptr ? process_cpu(resolver->pid()) : 0;
  const Throughput flood = load();
  seen.rates.push_back(flood.per_second);
  seen.failed += flood.sent - flood.answered;
  if (resolver == nullptr || flood.answered == 0) return;
  const double spent = process_cpu(resolver->pid()) - before;
  seen.cpu_us.push_back(1e6 * spent / static_cast<double>(flood.answered));
  seen.memory.push_back(memory_of(resolver->pid()).resident);
}

double ratio(const Seen& a, const Seen& b) {
  return median(ratios(a.rates, b.rates));
}

bool is_ours(const Contender& contender) {
  return contender.name.starts_with("egressd");
}

const Seen& seen_of(const Entrants& entrants, std::string_view name) {
  return std::ranges::find(entrants, name, [](const Entrant& e) { return e.contender.name; })->seen;
}

std::string brief(const std::vector<double>& values, int decimals) {
  return values.empty() ? "" : number(median(values), decimals);
}

std::string rounds_text(int rounds) {
  return "medians of " + std::to_string(rounds) + (rounds == 1 ? " round" : " rounds");
}

// ---- every name is new

void measure_uncached(const test::Lab& lab, Entrant& entrant, std::size_t count) {
  const auto resolver = start(lab, entrant.contender);
  const Names names{0, count};
  const std::uint32_t generation = table_generation(lab);
  note_flood(entrant.seen, resolver.get(),
             [&] { return flood(lab, entrant.contender.server, names); });
  if (entrant.contender.set.empty()) return;
  const std::uint32_t commits = table_generation(lab) - generation;
  entrant.seen.per_commit.push_back(static_cast<double>(count) / std::max(1U, commits));
  entrant.seen.not_open += not_in(addresses_in(lab, entrant.contender.set), names);
  if (!is_ours(entrant.contender)) return;
  must_hold(entrant.seen.not_open <= entrant.seen.failed, "what was answered is open");
  must_hold(entrant.seen.failed <= entrant.seen.rates.size() * count / 100,
            "egressd answers 99 of 100 questions");
}

void report_uncached(const Entrants& entrants, const std::string& title) {
  Table table(
      title, {"resolver", "answers/s", "of the upstream", "goal", "", "of dnsmasq --nftset", "goal",
              "", "CPU µs each", "answers per commit", "not in the table", "failed", "RSS MiB"});
  const Seen& peer = seen_of(entrants, kPeer);
  for (const auto& [contender, seen] : entrants) {
    const bool is_judged = is_ours(contender);
    const double of_peer = ratio(seen, peer);
    const double of_upstream = ratio(seen, entrants[0].seen);
    table.add({contender.name, number(median(seen.rates), 0), number(of_upstream, 2),
               is_judged ? "≥ 0.3" : "", is_judged ? at_least(of_upstream, 0.3) : "",
               number(of_peer, 2), is_judged ? "≥ 2" : "", is_judged ? at_least(of_peer, 2) : "",
               brief(seen.cpu_us, 1), brief(seen.per_commit, 1),
               contender.set.empty() ? "" : std::to_string(seen.not_open),
               std::to_string(seen.failed), brief(seen.memory, 1)});
  }
  table.remark(
      "dnsperf, 4 clients, 100 questions under way, each name asked once; every name has an "
      "address of its own. "
      "Commits are counted by the kernel's generation of nf_tables. Not in the table: answers of "
      "all rounds whose "
      "address was not found there afterwards. Failed: questions of all rounds without NOERROR. "
      "All resolvers have "
      "one thread.");
}

void bench_uncached(const test::Lab& lab, Effort effort) {
  const int rounds = effort == Effort::quick ? 1 : 7;
  const std::size_t names =
      effort == Effort::quick ? 4'000 : 16'000;  // fewer than egressd keeps of one wildcard
  Entrants entrants{{upstream_alone()},       {egressd(lab)},    {egressd_redirected(lab)},
                    {dnsmasq_nftset(lab, 0)}, {dnsmasq(lab, 0)}, {unbound(lab)}};
  take_turns(entrants, rounds, [&](Entrant& entrant) { measure_uncached(lab, entrant, names); });
  report_uncached(entrants, "Uncached: " + std::to_string(names) +
                                " new names, every answer programs the kernel, " +
                                rounds_text(rounds));
}

// ---- every name is held

void bench_cached(const test::Lab& lab, Effort effort) {
  const int rounds = effort == Effort::quick ? 1 : 5;
  const std::size_t count = effort == Effort::quick ? 1'000 : 5'000;
  const std::chrono::milliseconds duration(effort == Effort::quick ? 500 : 1'500);
  Entrants entrants{
      {egressd(lab)}, {egressd_redirected(lab)}, {dnsmasq_nftset(lab, 10'000)}, {unbound(lab)}};
  take_turns(entrants, rounds, [&](Entrant& entrant) {
    const DnsServer& server = entrant.contender.server;
    const auto resolver = start(lab, entrant.contender);
    flood(lab, server, {0, count});
    note_flood(entrant.seen, resolver.get(), [&] {
      return flood_for(lab, server, {0, count}, duration);
    });
  });
  Table table(
      "Cached: " + std::to_string(count) + " names over and over, " + rounds_text(rounds),
      {"resolver", "answers/s", "of dnsmasq", "goal", "", "CPU µs each", "failed", "RSS MiB"});
  for (const auto& [contender, seen] : entrants) {
    const bool is_judged = is_ours(contender);
    const double of_peer = ratio(seen, seen_of(entrants, kPeer));
    table.add({contender.name, number(median(seen.rates), 0), number(of_peer, 2),
               is_judged ? "≥ 1" : "", is_judged ? at_least(of_peer, 1) : "", brief(seen.cpu_us, 1),
               std::to_string(seen.failed), brief(seen.memory, 1)});
  }
  table.remark("dnsperf as above, for " +
               number(std::chrono::duration<double>(duration).count(), 1) + " s a round.");
}

// ---- what one question waits for

constexpr std::size_t kPerSecond = 1'000;

void note_latencies(Seen& seen, Latencies latencies) {
  seen.failed += latencies.unanswered;
  if (latencies.milliseconds.empty()) throw std::runtime_error("not one answer");
  seen.p50.push_back(percentile(latencies.milliseconds, 50));
  seen.p99.push_back(percentile(std::move(latencies.milliseconds), 99));
}

// By how much `a` was slower than `b`, the median of the differences within each round.
double added(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> all;
  for (std::size_t i = 0; i < a.size(); ++i) all.push_back(a[i] - b[i]);
  return median(all);
}

void report_latency(const Entrants& entrants, const std::string& title) {
  Table table(title, {"resolver", "p50", "p99", "added p50", "added p99",
                      "p50, of dnsmasq --nftset", "goal", "", "p99, of it", "goal", "", "failed"});
  const Seen& direct = entrants[0].seen;
  const Seen& peer = seen_of(entrants, kPeer);
  for (const auto& [contender, seen] : entrants) {
    const bool is_judged = is_ours(contender);
    const double p50 = median(ratios(seen.p50, peer.p50));
    const double p99 = median(ratios(seen.p99, peer.p99));
    table.add({contender.name, brief(seen.p50, 3), brief(seen.p99, 3),
               number(added(seen.p50, direct.p50), 3), number(added(seen.p99, direct.p99), 3),
               number(p50, 2), is_judged ? "≤ 1.25" : "", is_judged ? at_most(p50, 1.25) : "",
               number(p99, 2), is_judged ? "≤ 1.5" : "", is_judged ? at_most(p99, 1.5) : "",
               std::to_string(seen.failed)});
  }
  table.remark(
      "One client that keeps its times whether or not answers come; from before send(2) to after "
      "recv(2). Added: the "
      "median of the differences from the upstream within a round.");
  for (const auto& [contender, seen] : entrants)
    if (!seen.stages.empty())
      table.remark(contender.name + ", by its own count, p50 and p99 up to, in ms: " + seen.stages +
                   ".");
}

void bench_latency(const test::Lab& lab, Effort effort) {
  const int rounds = effort == Effort::quick ? 1 : 5;
  const Names names{0, effort == Effort::quick ? 500U : 1'500U};
  Entrants entrants{{upstream_alone()},       {egressd(lab)},    {egressd_redirected(lab)},
                    {dnsmasq_nftset(lab, 0)}, {dnsmasq(lab, 0)}, {unbound(lab)}};
  take_turns(entrants, rounds, [&](Entrant& entrant) {
    const auto resolver = start(lab, entrant.contender);
    note_latencies(entrant.seen, trickle(lab, entrant.contender.server, names, kPerSecond));
    if (resolver) entrant.seen.stages = resolver->stages();
  });
  report_latency(entrants, "Latency at 1,000 new names per second, ms, " + rounds_text(rounds));
}

// ---- many names learnt

struct Held {
  std::size_t names;
  Seen fresh{};  // names not seen before
  Seen cached{};
};

void measure_held(const test::Lab& lab, Held& held, Effort effort) {
  const Contender contender = egressd(lab);
  const auto resolver = start(lab, contender);
  const std::size_t fresh = effort == Effort::quick ? 1'000 : 4'000;
  if (held.names > 0) flood(lab, contender.server, {0, held.names});
  std::size_t next = held.names;
  note_flood(held.fresh, resolver.get(), [&] {
    return flood(lab, contender.server, {next, fresh});
  });
  next += fresh;
  note_latencies(held.fresh, trickle(lab, contender.server,
                                     {next, effort == Effort::quick ? 200U : 800U}, kPerSecond));
  note_flood(held.cached, resolver.get(), [&] {
    return flood_for(lab, contender.server, {next - fresh, fresh}, std::chrono::milliseconds(500));
  });
}

void report_held(const std::vector<Held>& all, int rounds) {
  Table table("egressd with names learnt through a wildcard, " + rounds_text(rounds),
              {"names held", "new names/s", "of none held", "goal", "", "cached/s", "of none held",
               "p50 ms", "p99 ms", "p99, of none held", "goal", "", "failed", "RSS MiB"});
  for (const Held& held : all) {
    const bool is_judged = held.names == 10'000;
    const double of_none = ratio(held.fresh, all[0].fresh);
    const double p99 = median(ratios(held.fresh.p99, all[0].fresh.p99));
    table.add({std::to_string(held.names), brief(held.fresh.rates, 0), number(of_none, 2),
               is_judged ? "≥ 0.9" : "", is_judged ? at_least(of_none, 0.9) : "",
               brief(held.cached.rates, 0), number(ratio(held.cached, all[0].cached), 2),
               brief(held.fresh.p50, 3), brief(held.fresh.p99, 3), number(p99, 2),
               is_judged ? "≤ 4" : "", is_judged ? at_most(p99, 4) : "",
               std::to_string(held.fresh.failed + held.cached.failed),
               brief(held.cached.memory, 1)});
  }
  table.remark("Latencies as above, of new names at 1,000 per second.");
  if (all.back().names == limits::kLearntPerWildcard)
    table.remark("With " + std::to_string(limits::kLearntPerWildcard) +
                 " held, the limit of one wildcard, each new name takes the place of another.");
}

void bench_held(const test::Lab& lab, Effort effort) {
  const int rounds = effort == Effort::quick ? 1 : 5;
  std::vector<Held> all{{0}, {1'000}, {10'000}};
  if (effort == Effort::whole) all.push_back({limits::kLearntPerWildcard});
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < all.size(); ++i)
      measure_held(lab, all[(i + static_cast<std::size_t>(round)) % all.size()], effort);
  report_held(all, rounds);
}

void body(Effort effort) {
  const test::Lab lab(test::Lab::Servers::none);
  const Upstream upstream(lab);
  bench_uncached(lab, effort);
  bench_cached(lab, effort);
  bench_latency(lab, effort);
  bench_held(lab, effort);
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body, egress::bench::compare_dns);
}
