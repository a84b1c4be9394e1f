// egressctl apply: puts a policy file in force, for good or until it is confirmed.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "egress/core/limits.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/outcomes.hpp"
#include "egressctl/policy_file.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

struct ApplyOptions {
  std::string file;
  std::string policy = kPolicyFile;
  control::ApplyRequest request;
};

Exit print_problems(Context& context, const control::ApplyReply& reply) {
  if (context.json) {
    print_json(context, reply);
    return Exit::failed;
  }
  for (const std::string& problem : reply.problems) context.err << printable(problem) << '\n';
  context.err << coloured("egressctl:", Colour::red, context.err_terminal)
              << " nothing changed: the running policy stays\n";
  return Exit::failed;
}

// Each risk stands once, below the last of its entries.
void print_risks(Context& context, const std::vector<control::RiskyTarget>& risks) {
  Table table({"ADDED", "RISK"});
  for (std::size_t i = 0; i < risks.size(); ++i) {
    table.add({risks[i].target, {risks[i].risk.kind, Colour::yellow}});
    const bool is_last = i + 1 == risks.size() || risks[i + 1].risk.why != risks[i].risk.why;
    if (is_last) table.note({risks[i].risk.why, Colour::yellow});
  }
  if (!table.empty()) table.print(context.out, context.out_terminal);
}

// `before`: where the text of before is kept; empty: nothing was written.
void print(Context& context, const control::ApplyReply& reply, const std::string& before) {
  if (context.json) return print_json(context, reply);
  if (!reply.changed) {
    context.out << "nothing changed: " << printable(reply.file)
                << " holds this policy already, and it is in force\n";
    return print_changes(context, {}, reply.warnings);
  }
  context.out << (reply.reverts_s ? "in force" : "applied") << "; entries added: " << reply.added
              << ", removed: " << reply.removed << '\n';
  print_changes(context, reply.settings, reply.warnings);
  print_risks(context, reply.risks);
  if (reply.reverts_s)
    context.out << "reverts in " << print_seconds(*reply.reverts_s)
                << ", also if this session ends; to keep it: egressctl confirm\n";
  else if (!before.empty())
    context.out << printable(reply.file) << " is written; what it held is in " << printable(before)
                << '\n';
  else
    context.out << printable(reply.file) << " held this text already, and is read again\n";
}

// The daemon has found the text sound: it takes the place of its file, or nothing changes.
Exit write_and_reload(Context& context, const std::string& text, const control::ApplyReply& checked,
                      const std::string& file) {
  const auto expected = expect_policy_file(file, checked.file);
  if (!expected) return refuse(context, expected.error().message);
  const auto replaced = ReplacedPolicy::write(file, text);
  if (!replaced) return refuse(context, replaced.error().message);
  const auto reloaded = ask<control::ReloadReply>(context, control::ReloadRequest{});
  if (reloaded && reloaded->problems.empty()) {
    print(context, checked, replaced->has_changed() ? replaced->before() : "");
    return Exit::done;
  }
  const auto undone = replaced->undo();
  if (!undone)
    return refuse(context, "the old file could not be put back: " + undone.error().message);
  if (!reloaded) return reloaded.error();
  return refuse(context,
                "the reload was refused, so the old file is back: " + reloaded->problems.front());
}

Exit run_apply(Context& context, const ApplyOptions& options) {
  control::ApplyRequest request = options.request;
  auto text = read_policy(options.file);
  if (!text) return refuse(context, text.error().message);
  request.text = *std::move(text);
  request.source = options.file;
  const auto reply = ask<control::ApplyReply>(context, request);
  if (!reply) return reply.error();
  if (!reply->problems.empty()) return print_problems(context, *reply);
  if (!reply->reverts_s && reply->changed)
    return write_and_reload(context, request.text, *reply, options.policy);
  print(context, *reply, "");
  return Exit::done;
}

}  // namespace

void add_apply(CLI::App& app, Context& context) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command = app.add_subcommand("apply", "Put a policy file in force (root alone)");
  command->add_option("FILE", options->file, "takes the place of egressd's own policy file")
      ->required();
  command
      ->add_option_function<std::string>(
          "--confirm",
          [options](const std::string& written) {
            const auto duration = parse_duration(written, limits::kLongestTrial);
            if (!duration) throw CLI::ValidationError("--confirm", duration.error().message);
            options->request.confirm_s = duration->count();
          },
          "revert after this time unless egressctl confirm comes: 30s, 5m; up to 1h")
      ->type_name("TIME");
  add_policy_option(*command, options->policy);
  command->footer(
      "The old file is kept beside it as FILE.before; policy.d and additions stay as they are.\n"
      "A text that the file holds already changes nothing, and .before stays.\n"
      "With --confirm no file is written before egressctl confirm, so that it reverts also when\n"
      "egressd or this session dies. A mistake changes nothing.");
  command->callback([&context, options] { context.exit = run_apply(context, *options); });
}

}  // namespace egress::ctl
