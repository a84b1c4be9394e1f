// What a command of egressctl is made of. Each command is one file with one add_NAME(); the table
// of them is in commands.cpp.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace CLI {
class App;  // <CLI/CLI.hpp> is long: only the files that define a command include it
}

namespace egress::ctl {

enum class Exit : int {
  done = 0,
  failed = 1,       // refused, or not everything holds
  usage = 2,        // the command line is wrong; nothing was sent
  unreachable = 3,  // no daemon answers
};

// How to print for the reader of one stream. Not a terminal: no colour, no cutting, no progress.
struct Terminal {
  bool is_terminal = false;
  bool has_colour = false;
  std::size_t width = 80;   // columns
  bool is_journal = false;  // a line may begin with its priority: sd-daemon(3), "<3>"
};

// What every command is given. Lives as long as the process.
struct Context {
  std::ostream& out;
  std::ostream& err;
  Terminal out_terminal;
  Terminal err_terminal;
  std::string socket;          // the daemon's control socket
  bool json = false;           // print for programs
  Exit exit = Exit::done;      // what the command that ran came to
  std::istream* in = nullptr;  // where a question to the user is answered; null: nobody answers
};

// Adds one subcommand to `app`. Its CLI11 callback does the work and sets context.exit:
//   auto options = std::make_shared<Options>();
//   CLI::App* command = app.add_subcommand("verify", "Prove that ...");
//   command->add_option("--timeout", options->timeout, "...");
//   command->callback([&context, options] { context.exit = run_verify(context, *options); });
// --json and --socket are added to every subcommand by commands.cpp.
using AddCommand = void (*)(CLI::App& app, Context& context);

void add_allow(CLI::App& app, Context& context);
void add_apply(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_confirm(CLI::App& app, Context& context);
void add_deny(CLI::App& app, Context& context);
void add_diff(CLI::App& app, Context& context);
void add_dns(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_list(CLI::App& app, Context& context);
void add_open(CLI::App& app, Context& context);
void add_panic(CLI::App& app, Context& context);
void add_presets(CLI::App& app, Context& context);
void add_reload(CLI::App& app, Context& context);
void add_resume(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_why(CLI::App& app, Context& context);

// The default command.
Exit run_status(Context& context);

}  // namespace egress::ctl
