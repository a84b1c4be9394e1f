// egressctl without its main(): so that tests run it in their own process.
#pragma once

#include "egressctl/command.hpp"

namespace egress::ctl {

// All commands and the options that each of them takes.
void add_commands(CLI::App& app, Context& context);

// The whole program.
Exit run(int argc, const char* const* argv, Context& context);

}  // namespace egress::ctl
