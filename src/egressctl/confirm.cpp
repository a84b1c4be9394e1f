// egressctl confirm: keeps the policy that apply --confirm has put in force.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/policy_file.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

// egressd cannot write to /etc: it gives the text, and takes it back from the file.
Exit run_confirm(Context& context, const std::string& file) {
  const auto offered = ask<control::ConfirmReply>(context, control::ConfirmRequest{false});
  if (!offered) return offered.error();
  const auto expected = expect_policy_file(file, offered->file);
  if (!expected) return refuse(context, "not confirmed: " + expected.error().message);
  const auto replaced = ReplacedPolicy::write(file, offered->text);
  if (!replaced)
    return refuse(context, "not confirmed: " + replaced.error().message +
                               "; run it as root (sudo egressctl confirm)");
  const auto confirmed = ask<control::ConfirmReply>(context, control::ConfirmRequest{true});
  if (!confirmed || !confirmed->problems.empty()) {
    const auto undone = replaced->undo();
    if (!undone)
      return refuse(context, "the old file could not be put back: " + undone.error().message);
    return confirmed ? refuse(context, "not confirmed: " + confirmed->problems.front())
                     : confirmed.error();
  }
  if (context.json)
    print_json(context, *confirmed);
  else
    context.out << "confirmed; " << printable(confirmed->file)
                << (replaced->has_changed()
                        ? " is written; what it held is in " + printable(replaced->before())
                        : " holds it already")
                << '\n';
  return Exit::done;
}

}  // namespace

void add_confirm(CLI::App& app, Context& context) {
  auto file = std::make_shared<std::string>(kPolicyFile);
  CLI::App* command =
      app.add_subcommand("confirm", "Keep the policy that apply --confirm has put in force");
  add_policy_option(*command, *file);
  command->footer("Writes egressd's policy file; what it held is kept as FILE.before.");
  command->callback([&context, file] { context.exit = run_confirm(context, *file); });
}

}  // namespace egress::ctl
