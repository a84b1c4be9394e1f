// egressctl diff: the live table against the desired one.
#include <CLI/CLI.hpp>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

void print_lines(const Context& context, const std::string& mark, Colour colour,
                 const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    context.out << coloured(mark + printable(line), colour, context.out_terminal) << '\n';
  }
}

Exit run_diff(Context& context) {
  const auto reply = ask<control::DiffReply>(context, control::DiffRequest{});
  if (!reply) return reply.error();
  const bool is_equal = reply->deviations.empty() && reply->missing.empty() &&
                        reply->unexpected.empty() && reply->misdated.empty();
  if (context.json) {
    print_json(context, *reply);
  } else if (is_equal) {
    context.out << "the kernel holds exactly what is desired\n";
  } else {
    print_lines(context, "! ", Colour::red, reply->deviations);
    print_lines(context, "- ", Colour::yellow, reply->missing);
    print_lines(context, "+ ", Colour::red, reply->unexpected);
    print_lines(context, "~ ", Colour::red, reply->misdated);
  }
  return is_equal ? Exit::done : Exit::failed;
}

}  // namespace

void add_diff(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("diff", "Compare the kernel's table with the desired one");
  command->footer(
      "! a chain, rule or set differs   - desired, not in the kernel   + in the kernel, not "
      "desired\n"
      "~ in the kernel, with another end\n"
      "Exit code 0: equal; 1: they differ.");
  command->callback([&context] { context.exit = run_diff(context); });
}

}  // namespace egress::ctl
