// egressctl reload: reads the policy files again.
#include <CLI/CLI.hpp>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/outcomes.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

Exit run_reload(Context& context) {
  const auto reply = ask<control::ReloadReply>(context, control::ReloadRequest{});
  if (!reply) return reply.error();
  const bool is_done = reply->problems.empty();
  if (context.json) {
    print_json(context, *reply);
  } else if (is_done) {
    context.out << "reloaded; " << (reply->changed ? "" : "nothing changed; ")
                << "entries added: " << reply->added << ", removed: " << reply->removed << '\n';
    print_changes(context, reply->settings, reply->warnings);
  } else {
    for (const std::string& problem : reply->problems) context.err << printable(problem) << '\n';
    context.err
        << coloured("egressctl:", Colour::red, context.err_terminal)
        << " nothing changed: the running policy stays; correct the above and reload again\n";
  }
  return is_done ? Exit::done : Exit::failed;
}

}  // namespace

void add_reload(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("reload", "Read the policy files again");
  command->footer("One mistake in any file refuses the whole load, and the running policy stays.");
  command->callback([&context] { context.exit = run_reload(context); });
}

}  // namespace egress::ctl
