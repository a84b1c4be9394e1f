// egressctl version: of this program and of the daemon that runs.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/client.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

// Empty when no daemon answers: not an error here.
std::string daemon_version(const Context& context) {
  const auto reply = control::call(context.socket, control::StatusRequest{});
  const auto* status = reply ? std::get_if<control::StatusReply>(&*reply) : nullptr;
  return status == nullptr ? "" : status->version;
}

Exit run_version(Context& context) {
  const std::string daemon = daemon_version(context);
  if (context.json) {
    nlohmann::ordered_json versions;
    versions["egressctl"] = EGRESSD_VERSION;
    versions["egressd"] = nullptr;
    if (!daemon.empty()) versions["egressd"] = printable(daemon);
    context.out << versions.dump() << '\n';
  } else {
    context.out << "egressctl " EGRESSD_VERSION "\negressd   "
                << (daemon.empty() ? "does not answer at " + printable(context.socket)
                                   : printable(daemon))
                << '\n';
  }
  return Exit::done;
}

}  // namespace

void add_version(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("version", "Show the versions of egressctl and of the running egressd");
  command->callback([&context] { context.exit = run_version(context); });
}

}  // namespace egress::ctl
