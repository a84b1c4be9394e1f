// The command line of egressd.
#pragma once

#include <string>
#include <variant>

#include "adapters/state/files.hpp"
#include "egressd/policy_store.hpp"

namespace egress::daemon {

struct Options {
  Paths paths;
  std::string user;  // to become after start; empty: stay who we are
  std::string log_level = "info";
  bool shares_table = false;  // others may change the table, which is undone
  bool check = false;         // parse, print the normalised policy, exit
  bool locks_down = false;    // close the host, exit
};

// The options, or the exit code after --help, --version or an error (which have been printed).
std::variant<Options, int> parse_options(int argc, char** argv);

// Whom egressd becomes, or stays.
Result<state::Owner> owner_of(const Options& options);

}  // namespace egress::daemon
