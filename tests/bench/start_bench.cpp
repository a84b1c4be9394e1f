// From exec to closed: how long a host stays open after its firewall was started. The clock is read
// before the fork; the kernel's own announcement of the commit (NFNLGRP_NFTABLES) stops it. That
// includes the fork and waking this process, so that the truth is a little less than the figure.
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "bench/egressd.hpp"
#include "bench/report.hpp"
#include "bench/table_events.hpp"
#include "support/address.hpp"

namespace egress::bench {
namespace {

constexpr double kGoal = 3;  // times `nft -f`
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

// The table as it stands, as a script that makes it, without what packets have left in it: counts,
// and the elements of dynamic sets.
std::string script_of_table() {
  std::istringstream lines(
      test::run({.words = {"nft", "--stateless", "list", "table", "inet", kTable}}).output);
  std::string script;
  // Without the table's flags: nft lists some that it does not read (1.0.6 has no word for
  // "persist").
  bool is_dynamic = false;
  bool is_element = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("\tset ")) is_dynamic = false;
    is_dynamic |= line.starts_with("\t\tflags dynamic");
    is_element |= is_dynamic && line.starts_with("\t\telements = ");
    if (!line.empty() && !line.starts_with("\tflags ") && !is_element) script += line + "\n";
    is_element &= line.find('}') == std::string::npos;
  }
  return script;
}

void report(const std::vector<double>& fresh, const std::vector<double>& again,
            const std::vector<double>& script) {
  Table table("Exec to closed",
              {"program", "runs", "median ms", "90 % ms", "of `nft -f`", "goal", ""});
  const auto add = [&](const char* what, const std::vector<double>& times) {
    const bool is_ours = &times != &script;
    const double of_script = median(ratios(times, script));
    table.add({what, std::to_string(times.size()), number(median(times), 1),
               number(percentile(times, 90), 1), number(of_script, 2),
               is_ours ? "≤ " + number(kGoal, 0) : "", is_ours ? at_most(of_script, kGoal) : ""});
  };
  add("egressd, no table yet", fresh);
  add("egressd, its table is there (restart)", again);
  add("`nft -f`, the same table from a file", script);
  table.remark(
      "From before the fork to the kernel's announcement of the commit that made the whole table.");
}

void measure(const test::Lab& lab, Effort effort) {
  const int runs = effort == Effort::quick ? 5 : 31;
  std::vector<double> fresh;
  std::vector<double> again;
  std::vector<double> script;
  time_to_closed(egressd(lab.dir()));  // reads the programs from the disk
  const std::string table = script_of_table();
  must_hold(table.find("hook output") != std::string::npos, "egressd's table filters output");
  const std::filesystem::path file = lab.dir() / "table.nft";
  std::ofstream(file) << table;
  const test::Command nft{.words = {"nft", "-f", file}};
  for (int run = 0; run < runs; ++run) {
    delete_table();
    script.push_back(time_to_closed(nft));
    must_hold(script_of_table() == table, "`nft -f` makes the table that egressd makes");
    delete_table();
    fresh.push_back(time_to_closed(egressd(lab.dir())));
    again.push_back(time_to_closed(egressd(lab.dir())));
  }
  report(fresh, again, script);
}

void body(Effort effort) {
  const test::Lab lab(test::Lab::Servers::none);
  // In a thread of its own: who lives in the namespace is ended with the lab.
  test::in_namespace(lab.host(), [&] { measure(lab, effort); });
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
