// What egressd takes of a host: memory, and the processor while nothing is due. Unlike times these
// do not depend on how fast the machine is, so that their goals are figures.
#include <stdexcept>
#include <thread>
#include <utility>

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

// The daemon is at rest: it has done what the last answers asked of it, and only looks once a
// second how many packets were refused (limits::kRoomPause), and every few seconds how many
// connections are tracked (limits::kFlowsLook).
void wait_for_rest(pid_t pid) {
  Activity before = activity_of(pid);
  wait_until("egressd at rest", [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    const Activity after = activity_of(pid);
    return (after - std::exchange(before, after)).voluntary <= 3;
  });
}

// Nothing is asked of the daemon before it has been measured: `status` lists the whole table.
void measure_full(Table& table, const Records& records) {
  const test::Lab lab(test::Lab::Servers::none);
  const Authority authority(lab.net(), records);
  const test::Daemon daemon(lab, policy_of(records.names));
  const SteadyTime start = now();
  wait_until("all answered", [&] { return authority.answered() == 2 * records.names; });
  const double taken = elapsed(start) / 1000;
  const pid_t pid = daemon_pid(lab);
  wait_for_rest(pid);
  const Memory full = memory_of(pid);
  const std::size_t elements = daemon.ask<StatusReply>(StatusRequest{}).elements;
  if (elements < records.names * records.ipv4) throw std::runtime_error("elements are missing");
  const std::string what = std::to_string(elements) +
                           " elements: " + std::to_string(records.names) + " names with " +
                           std::to_string(records.ipv4) + " addresses";
  add(table, what, full, 60);
  add(table, "the same after `egressctl status`", memory_of(pid), 60);
  table.remark(what + ": all answered " + number(taken, 1) + " s after READY.");
}

// The policy has a name and a literal; the answers live an hour, so that nothing is due.
void measure_idle(Table& memory, Effort effort) {
  const test::Lab lab(test::Lab::Servers::none);
  const Authority authority(lab.net(), {.names = 1, .ttl = 3600, .ipv6 = 1});
  const test::Daemon daemon(lab, policy_of(1) + "  - 93.184.215.14:443\n");
  // The first answers are committed and saved.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const pid_t pid = daemon_pid(lab);
  add(memory, "idle: one name, one literal", memory_of(pid), 12);
  const int window = effort == Effort::quick ? 3 : 30;
  const Activity before = activity_of(pid);
  std::this_thread::sleep_for(std::chrono::seconds(window));
  const Activity spent = activity_of(pid) - before;
  Table table("Idle for " + std::to_string(window) + " s", {"what", "seen", "goal", ""});
  table.add({"wake-ups (voluntary context switches)", std::to_string(spent.voluntary), "0",
             at_most(static_cast<double>(spent.voluntary), 0)});
  table.add({"CPU time, s", number(spent.cpu, 2), "0", at_most(spent.cpu, 0)});
}

void body(Effort effort) {
  Table table("Memory", {"state", "RSS MiB", "of it its own data", "peak", "goal", ""});
  measure_idle(table, effort);
  if (effort == Effort::quick)
    return measure_full(table, {.names = 1'000, .ttl = 3600, .ipv4 = 10});
  measure_full(table, {.names = 10'000, .ttl = 3600, .ipv4 = 10});
  measure_full(table, {.names = 2'000, .ttl = 3600, .ipv4 = 50});
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
