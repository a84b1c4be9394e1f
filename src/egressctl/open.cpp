// egressctl open: the only way to let everything pass.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/posture.hpp"

namespace egress::ctl {
namespace {

struct OpenOptions {
  control::OpenRequest request;
  bool is_sure = false;
};

Exit run_open(Context& context, const OpenOptions& options) {
  if (options.is_sure) return change_posture(context, options.request);
  print_refusal(context,
                {"invalid",
                 "open lets every program on this host reach everything, by name and by address, " +
                     std::string(options.request.for_s ? "for the time given"
                                                       : "until egressctl resume or a restart") +
                     "; nothing was done. If that is meant: egressctl open --yes --for 10m"});
  return Exit::usage;
}

}  // namespace

void add_open(CLI::App& app, Context& context) {
  auto options = std::make_shared<OpenOptions>();
  CLI::App* command =
      app.add_subcommand("open", "Let everything pass for a while (root alone; audited)");
  command->add_flag("--yes", options->is_sure, "it is meant");
  add_duration(*command, options->request.for_s, "close again after this time: 10m, 1h; up to 7d");
  command->footer(
      "Without --for it lasts until egressctl resume or the next start of egressd. Connections "
      "made\n"
      "meanwhile are cut when it closes, unless the policy allows them.");
  command->callback([&context, options] { context.exit = run_open(context, *options); });
}

}  // namespace egress::ctl
