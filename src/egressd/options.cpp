#include "egressd/options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "adapters/host/privileges.hpp"
#include "egressd/version.hpp"

namespace egress::daemon {
namespace {

constexpr int kUsage = 2;

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  Options options;
  CLI::App app{
      "egressd: lets this host reach the hosts and ports that its policy allows, and nothing else.",
      "egressd"};
  app.add_option("--config", options.paths.config, "Policy file; policy.d beside it is read too")
      ->capture_default_str();
  app.add_option("--state-dir", options.paths.state_dir,
                 "Known addresses and the operator's additions")
      ->capture_default_str();
  app.add_option("--runtime-dir", options.paths.runtime_dir, "Control socket")
      ->capture_default_str();
  app.add_option("--rules-dir", options.paths.rules_dir, "Presets")->capture_default_str();
  app.add_option("--user", options.user,
                 "Become this user once started, keeping CAP_NET_ADMIN only");
  app.add_option("--log-level", options.log_level, "How much to log")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_flag("--shared-table", options.shares_table,
               "Let other programs change the table, and undo it, also where the kernel could make "
               "it ours alone");
  app.add_flag("--check", options.check, "Parse the policy, print it in full and exit");
  app.add_subcommand("lockdown",
                     "Close the host as the daemon begins, by what is known without asking "
                     "anybody, and exit; a table that stands is left alone")
      ->fallthrough()
      ->callback([&options] { options.locks_down = true; });
  app.set_version_flag("--version", std::string("egressd ") + kVersion);
  app.footer(
      "Signals: SIGHUP reads the policy anew, SIGTERM ends the daemon and leaves the table in "
      "place.\n"
      "See egressd(8) and egressd.yaml(5).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return options;
}

Result<state::Owner> owner_of(const Options& options) {
  if (options.user.empty()) return state::Owner{::geteuid(), ::getegid()};
  const auto ids = host::find_user(options.user);
  if (!ids) return tl::unexpected(ids.error());
  return state::Owner{ids->uid, ids->gid};
}

}  // namespace egress::daemon
