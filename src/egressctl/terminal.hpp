// What can be shown where.
#pragma once

#include "egressctl/command.hpp"

namespace egress::ctl {

// Colour needs a terminal that is not "dumb" and no NO_COLOR in the environment (no-color.org).
Terminal terminal_at(int fd);

}  // namespace egress::ctl
