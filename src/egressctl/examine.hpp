// `doctor`, as the command of that name and a section of `verify` carry it out.
#pragma once

#include <string>
#include <vector>

#include "egress/core/result.hpp"
#include "egressctl/command.hpp"
#include "egressctl/doctor/finding.hpp"

namespace egress::ctl {

// Asks the daemon, looks at this host, and judges. `agents`: names of users. Where the daemon does
// not answer, the user has been told.
tl::expected<doctor::Findings, Exit> examine(Context& context,
                                             const std::vector<std::string>& agents);

}  // namespace egress::ctl
