// egressctl panic: closes everything but loopback at once.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <istream>
#include <memory>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/posture.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

struct PanicOptions {
  control::PanicRequest request;
  bool is_sure = false;
};

// Whoever came over SSH cuts the branch he sits on, and has to say that he means it. A program is
// not asked.
bool must_ask(const Context& context) {
  return context.err_terminal.is_terminal && std::getenv("SSH_CONNECTION") != nullptr;
}

bool is_confirmed(Context& context) {
  context.err << coloured("PANIC", Colour::red, context.err_terminal)
              << " closes everything but loopback, established connections too: also this SSH "
                 "session.\nType panic to go on: "
              << std::flush;
  std::string word;
  return context.in != nullptr && std::getline(*context.in, word) && word == "panic";
}

Exit run_panic(Context& context, const PanicOptions& options) {
  if (!options.is_sure && must_ask(context) && !is_confirmed(context)) {
    print_refusal(context, {"invalid",
                            "nothing was done. Without the question: egressctl panic --yes; so "
                            "that it ends by itself: --for 10m"});
    return Exit::usage;
  }
  return change_posture(context, options.request);
}

}  // namespace

void add_panic(CLI::App& app, Context& context) {
  auto options = std::make_shared<PanicOptions>();
  CLI::App* command = app.add_subcommand(
      "panic", "Close everything but loopback at once, established connections too");
  command->add_flag("--yes", options->is_sure, "do not ask, though this session comes over SSH");
  add_duration(*command, options->request.for_s, "end after this time: 10m, 1h; up to 7d");
  command->footer(
      "Nothing enters or leaves this host, SSH included, until egressctl resume. It survives a\n"
      "restart and a reboot. Connections that the policy allows go on afterwards.");
  command->callback([&context, options] { context.exit = run_panic(context, *options); });
}

}  // namespace egress::ctl
