// New connections per second through the firewall, each variant measured in every round, in turn.
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>

#include "adapters/netlink/netlink_kernel.hpp"
#include "bench/authority.hpp"
#include "bench/comparison.hpp"
#include "bench/egressd.hpp"
#include "bench/packet_path.hpp"
#include "bench/report.hpp"
#include "egress/nft/layout.hpp"
#include "support/address.hpp"
#include "support/lab.hpp"

namespace egress::bench {
namespace {

constexpr std::size_t kMany = 100'000;
constexpr std::size_t kLinearRules = 1'000;
constexpr std::uint16_t kHttp = 80;

struct Variant {
  std::string name;
  std::function<void()> install;  // on a host without any table
  std::vector<double> rates;      // one for each round
};

// The one address that is connected to; the others are not it.
std::string server() {
  return address(0, 0, 1);
}

// The table stays when its owner goes, and may then be flushed like any other.
void install_egressd(const test::Lab& lab, std::size_t addresses) {
  const auto kernel = test::in_namespace(lab.host(), [] { return netlink::open_kernel(); });
  if (!kernel) throw std::runtime_error(kernel.error().message);
  nft::Transaction transaction{
      nft::Base{
          .forward = {"docker0", "br-*", "cni0", "podman0"}, .inside = {}, .uplinks = {"uplink0"}},
      {}};
  for (std::size_t i = 0; i < addresses; ++i) {
    const Endpoint endpoint{*IpAddress::parse(address(i, 0, 1)), Transport::tcp, kHttp};
    transaction.changes.push_back({nft::Change::Verb::add,
                                   nft::ElementKey::endpoint(nft::SetId::allow, endpoint),
                                   std::chrono::hours(1)});
  }
  const nft::CommitOutcome outcome = (*kernel)->commit(transaction);
  if (outcome.status != nft::CommitOutcome::Status::committed)
    throw std::runtime_error(outcome.message);
}

// What a script that resolves once becomes: a rule for each address; ours is the last.
std::string static_script(std::size_t rules) {
  std::string text =
      "table inet peer {\n chain output {\n  type filter hook output priority 0; policy drop;\n"
      "  ct state established,related accept\n  oif lo accept\n";
  for (std::size_t i = rules; i-- > 0;)
    text += "  ip daddr " + address(i, 0, 1) + " tcp dport 80 accept\n";
  return text + " }\n}\n";
}

double rate(const test::Lab& lab) {
  const test::Finished wrk = test::run({.words = {"wrk", "-t1", "-c8", "-d1s", "-H",
                                                  "Connection: close", "http://" + server() + "/"},
                                        .netns = lab.host()});
  const std::size_t at = wrk.output.find("Requests/sec:");
  if (wrk.exit_code != 0 || at == std::string::npos ||
      wrk.output.find("Socket errors") != std::string::npos ||
      wrk.output.find("Non-2xx") != std::string::npos)
    throw std::runtime_error("wrk: " + wrk.output);
  return std::strtod(wrk.output.c_str() + at + sizeof "Requests/sec:" - 1, nullptr);
}

void measure(const test::Lab& lab, std::vector<Variant>& variants, Effort effort) {
  const int rounds = effort == Effort::quick ? 2 : 21;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < variants.size(); ++i) {
      Variant& variant = variants[(i + static_cast<std::size_t>(round)) % variants.size()];
      lab.nft("flush ruleset\n");
      must_hold(lab.on_host({"nft", "list", "tables"}).empty(), "no table is left of the last one");
      variant.install();
      variant.rates.push_back(rate(lab));
    }
}

// "98.5 % (96 to 101)"
std::string brief(const std::vector<double>& all) {
  return number(median(all), 1) + " % (" + number(percentile(all, 25), 0) + " to " +
         number(percentile(all, 75), 0) + ")";
}

void report(const std::vector<Variant>& variants) {
  Table table("New HTTP connections per second, medians of " +
                  std::to_string(variants[0].rates.size()) + " rounds",
              {"firewall", "per second", "of no firewall", "of egressd with 1", "goal", ""});
  for (const Variant& variant : variants) {
    const std::vector<double> of_one = percentages(variant.rates, variants[2].rates);
    const bool is_judged = &variant == &variants[3];
    table.add({variant.name, number(median(variant.rates), 0),
               brief(percentages(variant.rates, variants[0].rates)), brief(of_one),
               is_judged ? "≥ 97 %" : "", is_judged ? at_least(median(of_one), 97) : ""});
  }
  table.remark(
      "wrk for 1 s with 8 connections, `Connection: close`, against nginx over a veth pair. "
      "Ratios: "
      "the median of those within a round, and the middle half of them.");
}

void compare_firewalls(Effort effort) {
  const test::Lab lab(test::Lab::Servers::all);
  const std::string tracking =
      "table inet peer {\n chain output {\n  type filter hook output priority 0\n"
      "  ct state established accept\n }\n}\n";
  std::vector<Variant> variants{
      {"none", [] {}, {}},
      {"connection tracking alone", [&] { lab.nft(tracking); }, {}},
      {"egressd, 1 address", [&] { install_egressd(lab, 1); }, {}},
      {"egressd, 100,000 addresses", [&] { install_egressd(lab, kMany); }, {}},
      {"static script, 1,000 rules", [&] { lab.nft(static_script(kLinearRules)); }, {}},
  };
  measure(lab, variants, effort);
  report(variants);
}

// ---- one operation of the packet path

using Path = PacketPath::Operation;

// The costs of two hosts that stand side by side, in turn. Both are made again many times, the
// other one first, so that neither keeps the better place in memory.
std::vector<Pairs> measure_paths(const std::string& before, const std::string& now, int places,
                                 int rounds) {
  const std::vector<Path>& operations = PacketPath::operations();
  std::vector<Pairs> all(operations.size());
  for (int place = 0; place < places; ++place) {
    const PacketPath first(place % 2 == 0 ? before : now);
    const PacketPath second(place % 2 == 0 ? now : before);
    const PacketPath& old_path = place % 2 == 0 ? first : second;
    const PacketPath& new_path = place % 2 == 0 ? second : first;
    for (int round = 0; round < rounds; ++round)
      for (std::size_t i = 0; i < operations.size(); ++i)
        take_turns(
            2, [&] { all[i].before.push_back(old_path.burst(operations[i])); },
            [&] { all[i].now.push_back(new_path.burst(operations[i])); });
  }
  return all;
}

const char* const kPathRemark =
    "One thread plays both ends over veth pairs, nearly all in the kernel. Connection: made, "
    "accepted, reset. Datagram: of a flow that was answered; without answers each is judged like "
    "the first. A container's are forwarded from a held bridge.";

void show_paths(Effort effort) {
  const bool is_quick = effort == Effort::quick;
  const auto all = measure_paths("", test::egressd_program(), is_quick ? 2 : 4, is_quick ? 1 : 12);
  Table table(
      "The packet path, medians of " + std::to_string(all[0].now.size()) + " bursts, µs",
      {"operation", "no firewall", "egressd", "CPU, no firewall", "CPU, egressd", "CPU, more by"});
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto cost = [&](const std::vector<Cost>& costs, double Cost::*which) {
      return number(median(pick(costs, which)), 2);
    };
    const auto of_none = ratios(pick(all[i].now, &Cost::cpu), pick(all[i].before, &Cost::cpu));
    table.add({PacketPath::operations()[i].name, cost(all[i].before, &Cost::wall),
               cost(all[i].now, &Cost::wall), cost(all[i].before, &Cost::cpu),
               cost(all[i].now, &Cost::cpu), number(100 * (median(of_none) - 1), 0) + " %"});
  }
  table.remark(kPathRemark);
  table.remark("A refused connection without a firewall is one that is made.");
}

void body(Effort effort) {
  compare_firewalls(effort);
  show_paths(effort);
}

void compare(const std::filesystem::path& before, Effort effort) {
  const bool is_quick = effort == Effort::quick;
  const auto all =
      measure_paths(before, test::egressd_program(), is_quick ? 2 : 12, is_quick ? 1 : 12);
  Comparison table("The packet path, " + std::to_string(all[0].now.size()) + " pairs of bursts");
  for (std::size_t i = 0; i < all.size(); ++i) table.add(PacketPath::operations()[i].name, all[i]);
  table.remark(kPathRemark);
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body, egress::bench::compare);
}
