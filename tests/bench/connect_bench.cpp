// New connections per second through the firewall, each variant measured in every round, in turn.
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>

#include "adapters/netlink/netlink_kernel.hpp"
#include "bench/authority.hpp"
#include "bench/egressd.hpp"
#include "bench/report.hpp"
#include "egress/nft/layout.hpp"
#include "support/address.hpp"

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

void install_egressd(nft::Kernel& kernel, std::size_t addresses) {
  nft::Transaction transaction{nft::Base{.forward = {"docker0", "br-*", "cni0", "podman0"}}, {}};
  for (std::size_t i = 0; i < addresses; ++i) {
    const Endpoint endpoint{*IpAddress::parse(address(i, 0, 1)), Transport::tcp, kHttp};
    transaction.changes.push_back({nft::Change::Verb::add,
                                   nft::ElementKey::endpoint(nft::SetId::allow, endpoint),
                                   std::chrono::hours(1)});
  }
  const nft::CommitOutcome outcome = kernel.commit(transaction);
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

void measure(const test::Lab& lab, std::vector<Variant>& variants, bool is_quick) {
  const int rounds = is_quick ? 3 : 31;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < variants.size(); ++i) {
      Variant& variant = variants[(i + static_cast<std::size_t>(round)) % variants.size()];
      lab.nft("flush ruleset\n");
      variant.install();
      variant.rates.push_back(rate(lab));
    }
}

// Ratios within each round, in percent: what changes from round to round falls out.
std::vector<double> ratios(const Variant& a, const Variant& b) {
  std::vector<double> all;
  for (std::size_t i = 0; i < a.rates.size(); ++i) all.push_back(100 * a.rates[i] / b.rates[i]);
  return all;
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
    const std::vector<double> of_one = ratios(variant, variants[2]);
    const bool is_judged = &variant == &variants[3];
    table.add({variant.name, number(median(variant.rates), 0), brief(ratios(variant, variants[0])),
               brief(of_one), is_judged ? "≥ 97 %" : "",
               is_judged ? at_least(median(of_one), 97) : ""});
  }
  table.remark(
      "wrk for 1 s with 8 connections, `Connection: close`, against nginx over a veth pair. "
      "Ratios: "
      "the median of those within a round, and the middle half of them.");
}

void body(bool is_quick) {
  const test::Lab lab(test::Lab::Servers::all);
  const auto kernel = test::in_namespace(lab.host(), [] { return netlink::open_kernel(); });
  if (!kernel) throw std::runtime_error(kernel.error().message);
  const std::string tracking =
      "table inet peer {\n chain output {\n  type filter hook output priority 0\n"
      "  ct state established accept\n }\n}\n";
  std::vector<Variant> variants{
      {"none", [] {}, {}},
      {"connection tracking alone", [&] { lab.nft(tracking); }, {}},
      {"egressd, 1 address", [&] { install_egressd(**kernel, 1); }, {}},
      {"egressd, 100,000 addresses", [&] { install_egressd(**kernel, kMany); }, {}},
      {"static script, 1,000 rules", [&] { lab.nft(static_script(kLinearRules)); }, {}},
  };
  measure(lab, variants, is_quick);
  report(variants);
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
