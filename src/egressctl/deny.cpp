// egressctl deny: takes targets back and cuts the connections they admitted.
#include <CLI/CLI.hpp>
#include <memory>

#include "egressctl/ask.hpp"
#include "egressctl/outcomes.hpp"

namespace egress::ctl {
namespace {

struct Options {
  std::vector<std::string> targets;
  bool dry_run = false;
};

Exit run_deny(Context& context, const Options& options) {
  control::DenyReply all;
  std::size_t slice = 0;
  for (auto& targets : slices(options.targets)) {
    const control::DenyRequest request{std::move(targets), options.dry_run};
    auto reply =
        ask<control::DenyReply>(context, request, activity(slice++, options.targets.size()));
    if (!reply) return reply.error();
    all.targets.insert(all.targets.end(), reply->targets.begin(), reply->targets.end());
    all.cut_flows += reply->cut_flows;
  }
  if (context.json) {
    print_json(context, all);
  } else {
    print_outcomes(context, all.targets);
    context.out << all.cut_flows << " open connections cut\n";
  }
  return exit_for(all.targets);
}

}  // namespace

void add_deny(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("deny", "Take back what `allow` added, and cut its connections");
  command->add_option("TARGET", options->targets, "as given to allow")->required();
  command->add_flag("--dry-run", options->dry_run, "say what would be done, and change nothing");
  command->footer("An entry of a policy file is refused with the file and line to edit.");
  command->callback([&context, options] { context.exit = run_deny(context, *options); });
}

}  // namespace egress::ctl
