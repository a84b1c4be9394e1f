// What egressd takes of a host: memory, and the processor while nothing is due.
#include <thread>

#include "bench/authority.hpp"
#include "bench/egressd.hpp"
#include "bench/report.hpp"

namespace egress::bench {
namespace {

using control::StatusReply;
using control::StatusRequest;

std::string mib(double value) {
  return number(value, 1);
}

void add(Table& table, const std::string& what, const Memory& memory, double goal) {
  table.add({what, mib(memory.resident), mib(memory.anonymous), mib(memory.peak),
             "≤ " + number(goal, 0) + " MiB", at_most(memory.resident, goal)});
}

void measure_full(const test::Lab& lab, Table& table, const Records& records) {
  const Authority authority(lab.net(), records);
  const std::size_t elements = records.names * records.ipv4;
  const test::Daemon daemon(lab, policy_of(records.names));
  const SteadyTime start = now();
  wait_until("all names open", [&] {
    return daemon.ask<StatusReply>(StatusRequest{}).elements >= elements;
  });
  const double taken = elapsed(start) / 1000;
  add(table, std::to_string(elements) + " elements: " + std::to_string(records.names) +
                 " names with " + std::to_string(records.ipv4) + " addresses",
      memory_of(daemon_pid(lab)), 60);
  table.remark(std::to_string(records.names) + " names with " + std::to_string(records.ipv4) +
               " addresses were resolved and committed " + number(taken, 1) + " s after READY.");
}

// The policy has a name and a literal; the answers live an hour, so that nothing is due.
void measure_idle(const test::Lab& lab, Table& memory, bool is_quick) {
  const Authority authority(lab.net(), {.names = 1, .ttl = 3600, .ipv6 = 1});
  const test::Daemon daemon(lab, policy_of(1) + "  - 93.184.215.14:443\n");
  // The first answers are committed and saved.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const pid_t pid = daemon_pid(lab);
  add(memory, "idle: one name, one literal", memory_of(pid), 12);
  const int window = is_quick ? 5 : 30;
  const Activity before = activity_of(pid);
  std::this_thread::sleep_for(std::chrono::seconds(window));
  const Activity spent = activity_of(pid) - before;
  Table table("Idle for " + std::to_string(window) + " s", {"what", "seen", "goal", ""});
  table.add({"wake-ups (voluntary context switches)", std::to_string(spent.voluntary), "0",
             at_most(static_cast<double>(spent.voluntary), 0)});
  table.add({"CPU time, s", number(spent.cpu, 2), "0", at_most(spent.cpu, 0)});
}

void body(bool is_quick) {
  const test::Lab lab(test::Lab::Servers::none);
  Table table("Memory", {"state", "RSS MiB", "of it its own data", "peak", "goal", ""});
  measure_idle(lab, table, is_quick);
  if (is_quick) return measure_full(lab, table, {.names = 1'000, .ttl = 3600, .ipv4 = 10});
  measure_full(lab, table, {.names = 10'000, .ttl = 3600, .ipv4 = 10});
  measure_full(lab, table, {.names = 1'000, .ttl = 3600, .ipv4 = 100});
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
