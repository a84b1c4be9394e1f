// egressctl why: is a target allowed, and by what.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

Exit run_why(Context& context, const std::string& target) {
  const auto reply = ask<control::WhyReply>(context, control::WhyRequest{target});
  if (!reply) return reply.error();
  const Exit exit = reply->allowed ? Exit::done : Exit::failed;
  if (context.json) {
    print_json(context, *reply);
    return exit;
  }
  context.out << coloured(reply->allowed ? "allowed" : "refused",
                          reply->allowed ? Colour::green : Colour::red, context.out_terminal)
              << ": " << printable(reply->summary) << '\n';
  for (const std::string& fact : reply->facts) context.out << "  " << printable(fact) << '\n';
  return exit;
}

}  // namespace

void add_why(CLI::App& app, Context& context) {
  auto target = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("why", "Tell whether a target is allowed, and by what");
  command->add_option("TARGET", *target, "a target, or an address without a port")->required();
  command->footer("Exit code 0: allowed; 1: not allowed.");
  command->callback([&context, target] { context.exit = run_why(context, *target); });
}

}  // namespace egress::ctl
