// `egressctl verify`: asks the daemon what is allowed, probes the network, and judges.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "egress/core/limits.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/command.hpp"
#include "egressctl/place/find.hpp"
#include "egressctl/table.hpp"
#include "egressctl/verify/outside_file.hpp"
#include "egressctl/verify/print.hpp"
#include "egressctl/verify/watch.hpp"

namespace egress::ctl {

namespace {

using std::chrono::milliseconds;

struct VerifyOptions {
  std::string ca;
  std::string outside;
  std::vector<std::string> only;
  std::vector<std::string> skip;
  bool list = false;
  std::int64_t timeout_ms = milliseconds(limits::kProofTimeout).count();
  place::Words place;
  std::string junit;
  std::string html;
  std::string watch;
};

Exit list_kinds(Context& context) {
  context.json ? verify::print_list_json(context) : verify::print_list(context);
  return Exit::done;
}

Result<verify::Order> order_of(const VerifyOptions& options, const verify::Outside& outside) {
  std::optional<std::filesystem::path> ca;
  if (!options.ca.empty()) ca = options.ca;
  auto trust = tls::Trust::load(ca);
  if (!trust) return tl::unexpected(trust.error());
  auto chosen = verify::Selection::parse(options.only, options.skip);
  if (!chosen) return tl::unexpected(chosen.error());
  auto place = place::find_place(options.place);
  if (!place) return tl::unexpected(place.error());
  return verify::Order{std::move(*trust),  {milliseconds(options.timeout_ms), limits::kProofPhase},
                       std::move(*chosen), outside,
                       std::move(*place),  options.junit,
                       options.html};
}

Exit verify_and_tell(Context& context, const verify::Order& order) {
  const auto outcome = verify::verify_once(context, order);
  if (!outcome) return outcome.error();
  context.json ? verify::print_json(outcome->document(), context)
               : verify::print_text(outcome->document(), context);
  return verify::write_files(context, order, *outcome) ? outcome->exit() : Exit::failed;
}

// One line each, so that every mistake is seen; loud in the journal, as what does not hold.
Exit refuse_outside(Context& context, const std::vector<std::string>& mistakes) {
  std::string all;
  for (const std::string& mistake : mistakes) all += (all.empty() ? "" : "\n") + mistake;
  if (context.json) {
    print_refusal(context, {"invalid", all});
    return Exit::usage;
  }
  const std::string_view start = context.err_terminal.is_journal ? "<3>" : "";
  for (const std::string& mistake : mistakes) context.err << start << printable(mistake) << '\n';
  context.err << start << coloured("egressctl:", Colour::red, context.err_terminal)
              << " nothing was tried\n";
  return Exit::usage;
}

Exit run_verify(Context& context, const VerifyOptions& options) {
  if (options.list) return list_kinds(context);
  const auto outside = verify::read_outside(options.outside);
  if (!outside) return refuse_outside(context, outside.error());
  const auto order = order_of(options, *outside);
  if (!order) {
    print_refusal(context, {"invalid", order.error().message});
    return Exit::usage;
  }
  if (options.watch.empty()) return verify_and_tell(context, *order);
  const auto interval = parse_duration(options.watch);
  if (interval) return verify::watch(context, *order, *interval);
  print_refusal(context, {"invalid", interval.error().message});
  return Exit::usage;
}

void add_choice(CLI::App& command, VerifyOptions& options) {
  command.add_flag("--list", options.list, "Print the kinds of probes, and make none");
  command
      .add_option(
          "--only", options.only,
          "Make only these probes: kinds, groups (works, refused, source, true), or patterns")
      ->type_name("KIND")
      ->delimiter(',');
  command.add_option("--skip", options.skip, "Leave out these probes")
      ->type_name("KIND")
      ->delimiter(',');
  command
      .add_option("--outside", options.outside,
                  "Try the hosts of this file, not those that are built in; without it "
                  "/etc/egressd/outside.yaml, if there is one")
      ->type_name("FILE");
}

void add_place(CLI::App& command, place::Words& place) {
  command.add_option("--as", place.user, "Probe as this user, without capabilities")
      ->type_name("USER");
  auto* const netns =
      command.add_option("--netns", place.netns, "Probe inside this network namespace")
          ->type_name("PATH");
  command.add_option("--container", place.container, "Probe inside this container")
      ->type_name("ID")
      ->excludes(netns);
  command.add_option("--unit", place.unit, "Probe inside the cgroup of this systemd unit")
      ->type_name("NAME");
}

void add_outputs(CLI::App& command, VerifyOptions& options) {
  command.add_option("--junit", options.junit, "Write the result as JUnit XML, too")
      ->type_name("FILE");
  command.add_option("--html", options.html, "Write the result as one page of HTML, too")
      ->type_name("FILE");
  command
      .add_option("--watch", options.watch,
                  "Verify again and again after this time, and tell what changes")
      ->type_name("TIME");
}

void add_pace(CLI::App& command, VerifyOptions& options) {
  command
      .add_option("--ca", options.ca,
                  "Trust the CA certificates in this PEM file instead of the system's")
      ->type_name("FILE");
  const std::map<std::string, std::int64_t> units{{"ms", 1}, {"s", 1000}};
  command
      .add_option("--timeout", options.timeout_ms,
                  "How long one probe may take: 100ms to 3s; without it 2s")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"))
      ->check(CLI::Range(std::int64_t{100},
                         std::int64_t{milliseconds(limits::kProofLongestTimeout).count()}));
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command =
      app.add_subcommand("verify", "Prove, with evidence, that only the allow-list is reachable");
  add_choice(*command, *options);
  add_place(*command, options->place);
  add_outputs(*command, *options);
  add_pace(*command, *options);
  command->callback([&context, options] { context.exit = run_verify(context, *options); });
}

}  // namespace egress::ctl
