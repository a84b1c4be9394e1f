// egressctl resume: ends open and panic.
#include <CLI/CLI.hpp>

#include "egressctl/posture.hpp"

namespace egress::ctl {

void add_resume(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("resume", "End open or panic: the policy is enforced again");
  command->callback(
      [&context] { context.exit = change_posture(context, control::ResumeRequest{}); });
}

}  // namespace egress::ctl
