// Runs another program and keeps what it printed.
#pragma once

#include <string>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::ctl {

struct Finished {
  int status = 0;  // exit status; 128 + the signal's number when a signal ended it
  std::string out;
  std::string err;
};

// Waits for the program to end. `arguments[0]` is the program: with a slash a path, else looked up
// in PATH.
Result<Finished> run_program(const std::vector<std::string>& arguments);

}  // namespace egress::ctl
