// egressctl allow: adds targets to the operator's own additions.
#include <CLI/CLI.hpp>
#include <memory>

#include "egress/core/time_text.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/outcomes.hpp"

namespace egress::ctl {
namespace {

struct AllowOptions {
  control::AllowRequest request;  // without the targets
  std::vector<std::string> targets;
  std::string duration;
};

Result<seconds> parse_grant(const std::string& text) {
  return parse_duration(text, limits::kLongestGrant);
}

std::string check_duration(const std::string& text) {
  const auto duration = parse_grant(text);
  return duration ? "" : duration.error().message;
}

void print(const Context& context, const control::AllowReply& reply) {
  print_outcomes(context, reply.targets);
  for (const std::string& note : reply.notes) context.out << "note: " << printable(note) << '\n';
  context.out << print_microseconds(reply.total_us) << ", of which "
              << print_microseconds(reply.kernel_us) << " in the kernel\n";
}

Exit run_allow(Context& context, const AllowOptions& options) {
  control::AllowRequest request = options.request;
  if (!options.duration.empty()) request.for_s = parse_grant(options.duration)->count();
  control::AllowReply all;
  const Exit exit = ask_in_slices<control::AllowReply>(
      context, request, options.targets, [&all](const control::AllowReply& reply) {
        all.targets.insert(all.targets.end(), reply.targets.begin(), reply.targets.end());
        all.notes.insert(all.notes.end(), reply.notes.begin(), reply.notes.end());
        all.total_us += reply.total_us;
        all.kernel_us += reply.kernel_us;
      });
  if (exit != Exit::done && all.targets.empty()) return exit;
  context.json ? print_json(context, all) : print(context, all);
  return exit == Exit::done ? exit_for(all.targets) : exit;
}

}  // namespace

void add_allow(CLI::App& app, Context& context) {
  auto options = std::make_shared<AllowOptions>();
  control::AllowRequest& request = options->request;
  CLI::App* command = app.add_subcommand("allow", "Allow targets, now and after every restart");
  command
      ->add_option("TARGET", options->targets,
                   "[tcp/|udp/]host[:port[,port|lo-hi]], address, CIDR, preset:name[@region]; no "
                   "port: 443/tcp. Without ports: icmp/host, esp/host, gre/host, ipip/host")
      ->required();
  command->add_option("--for", options->duration, "end after this time: 15m, 2h, 1d")
      ->type_name("TIME")
      ->check(check_duration);
  command->add_flag("--optional", request.optional, "a failure to resolve is reported quietly");
  command->add_flag("--private", request.private_answers,
                    "addresses for private use may be opened");
  command->add_flag("--metadata", request.metadata,
                    "loopback and cloud metadata addresses may be opened");
  command->add_flag("--wide", request.wide, "a wildcard may cover names that strangers register");
  command->add_flag("--srv", request.srv,
                    "SRV and TXT of the name are answered, and what SRV leads to is open, too");
  command
      ->add_option("--except", request.except,
                   "not this name below the wildcard, nor what is below it")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--reason", request.reason, "why, for those who read the list")
      ->type_name("TEXT");
  command->add_flag("--dry-run", request.dry_run, "say what would be done, and change nothing");
  command->footer(
      "Returns when the kernel has acknowledged. A name that does not resolve is kept and retried; "
      "the\n"
      "exit code is then 1.");
  command->callback([&context, options] { context.exit = run_allow(context, *options); });
}

}  // namespace egress::ctl
