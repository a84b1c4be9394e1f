// From exec to closed: how long a host stays open after its firewall was started. The clock is read
// before the fork; the kernel's own announcement of the commit (NFNLGRP_NFTABLES) stops it. That
// includes the fork and waking this process, so that the truth is a little less than the figure.
#include <unistd.h>

#include <csignal>
#include <optional>
#include <stdexcept>

#include "bench/egressd.hpp"
#include "bench/report.hpp"
#include "bench/table_events.hpp"
#include "support/address.hpp"

namespace egress::bench {
namespace {

constexpr double kGoal = 10;
const std::string kTable = "egressd";

test::Command egressd(const std::filesystem::path& dir) {
  return {.words = {EGRESSD_PATH, "--config", SOURCE_DIR "/src/egressd/egressd.yaml", "--state-dir",
                    dir / "state", "--runtime-dir", dir / "run", "--rules-dir", SOURCE_DIR "/rules",
                    "--user", "nobody"},
          .output = dir / "egressd.log"};
}

void delete_table() {
  test::run({.words = {"nft", "delete", "table", "inet", kTable}});
}

// Milliseconds from just before the fork to the announcement.
double time_to_closed(const test::Command& command) {
  TableEvents events;
  const SteadyTime start = now();
  const test::ChildProcess process(command);
  const auto closed = events.creation_of(kTable, std::chrono::seconds(10));
  if (!closed) throw std::runtime_error(command.words[0] + " made no table");
  process.signal(SIGTERM);
  while (!process.has_ended()) usleep(1000);
  return Milliseconds(*closed - start).count();
}

// The table that egressd makes, as a script for its peer.
std::filesystem::path script_of_table(const std::filesystem::path& dir) {
  const std::filesystem::path script = dir / "table.nft";
  test::run({.words = {"sh", "-c", "nft list table inet egressd >" + script.string()}});
  return script;
}

void measure(const test::Lab& lab, bool is_quick) {
  const int runs = is_quick ? 5 : 31;
  std::vector<double> fresh;
  std::vector<double> again;
  std::vector<double> script;
  time_to_closed(egressd(lab.dir()));  // reads the programs from the disk
  const test::Command nft{.words = {"nft", "-f", script_of_table(lab.dir())}};
  for (int run = 0; run < runs; ++run) {
    delete_table();
    script.push_back(time_to_closed(nft));
    delete_table();
    fresh.push_back(time_to_closed(egressd(lab.dir())));
    again.push_back(time_to_closed(egressd(lab.dir())));
  }
  Table table("Exec to closed", {"program", "runs", "median ms", "90 % ms", "goal", ""});
  const auto add = [&](const char* what, const std::vector<double>& times, bool is_ours) {
    table.add({what, std::to_string(runs), number(median(times), 1),
               number(percentile(times, 90), 1), is_ours ? "≤ 10 ms" : "",
               is_ours ? at_most(median(times), kGoal) : ""});
  };
  add("egressd, no table yet", fresh, true);
  add("egressd, its table is there (restart)", again, true);
  add("`nft -f`, the same table from a file", script, false);
  table.remark(
      "From before the fork to the kernel's announcement of the commit that made the whole table.");
}

void body(bool is_quick) {
  const test::Lab lab(test::Lab::Servers::none);
  // In a thread of its own: who lives in the namespace is ended with the lab.
  test::in_namespace(lab.host(), [&] { measure(lab, is_quick); });
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
