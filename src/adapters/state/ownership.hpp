// Who could change what is at a path.
#pragma once

#include <string>

#include "egress/core/result.hpp"

struct stat;

namespace egress::state {

// An error if others than root and the user we run as could change this: it must belong to one of
// them and not be writable by group or others. A folder may be if it is sticky, as /tmp is.
Result<void> check_ownership(const struct stat& info);
// The same of what is at this path, at the end of links.
Result<void> check_ownership(const std::string& path);

}  // namespace egress::state
