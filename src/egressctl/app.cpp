#include "egressctl/app.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <ostream>

namespace egress::ctl {
namespace {

constexpr std::array<AddCommand, 18> kCommands{
    add_status, add_allow,   add_deny,   add_list,   add_presets, add_why,
    add_dns,    add_diff,    add_verify, add_doctor, add_reload,  add_check,
    add_apply,  add_confirm, add_open,   add_panic,  add_resume,  add_version};

constexpr const char* kFooter =
    "The default command is status. Exit codes: 0 done, 1 refused or failed, 2 usage, 3 no daemon "
    "answers.\n"
    "Each command has its own --help; see also egressctl(1).";

// On the program and on each command, so that they may stand on either side of the command's name.
void add_common_options(CLI::App& app, Context& context) {
  app.add_flag("--json", context.json, "print JSON, for programs");
  app.add_option("--socket", context.socket, "the daemon's control socket (or EGRESSD_SOCKET)")
      ->type_name("PATH");
}

}  // namespace

void add_commands(CLI::App& app, Context& context) {
  app.description("egressctl: what this host may reach, and proof of it");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "egressctl " EGRESSD_VERSION);
  add_common_options(app, context);
  for (const AddCommand add : kCommands) add(app, context);
  for (CLI::App* command : app.get_subcommands({})) add_common_options(*command, context);
  app.footer(kFooter);  // last, since commands inherit it
}

Exit run(int argc, const char* const* argv, Context& context) {
  CLI::App app("", "egressctl");
  add_commands(app, context);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) context.exit = run_status(context);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, context.out, context.err) == 0 ? Exit::done : Exit::usage;
  }
  return context.exit;
}

}  // namespace egress::ctl
