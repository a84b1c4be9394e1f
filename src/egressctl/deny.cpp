// egressctl deny: takes targets back and cuts the connections they admitted.
#include <CLI/CLI.hpp>
#include <memory>

#include "egressctl/ask.hpp"
#include "egressctl/outcomes.hpp"

namespace egress::ctl {
namespace {

struct DenyOptions {
  std::vector<std::string> targets;
  bool dry_run = false;
};

void print(const Context& context, const control::DenyReply& reply) {
  print_outcomes(context, reply.targets);
  context.out << "open connections cut: " << reply.cut_flows << '\n';
}

Exit run_deny(Context& context, const DenyOptions& options) {
  control::DenyReply all;
  const Exit exit = ask_in_slices<control::DenyReply>(
      context, control::DenyRequest{{}, options.dry_run}, options.targets,
      [&all](const control::DenyReply& reply) {
        all.targets.insert(all.targets.end(), reply.targets.begin(), reply.targets.end());
        all.cut_flows += reply.cut_flows;
      });
  if (exit != Exit::done && all.targets.empty()) return exit;
  context.json ? print_json(context, all) : print(context, all);
  return exit == Exit::done ? exit_for(all.targets) : exit;
}

}  // namespace

void add_deny(CLI::App& app, Context& context) {
  auto options = std::make_shared<DenyOptions>();
  CLI::App* command =
      app.add_subcommand("deny", "Take back what `allow` added, and cut its connections");
  command->add_option("TARGET", options->targets, "as given to allow")->required();
  command->add_flag("--dry-run", options->dry_run, "say what would be done, and change nothing");
  command->footer("An entry of a policy file is refused with the file and line to edit.");
  command->callback([&context, options] { context.exit = run_deny(context, *options); });
}

}  // namespace egress::ctl
