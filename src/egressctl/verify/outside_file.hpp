// The file that names hosts for what must be refused.
#pragma once

#include <string>

#include "egressctl/verify/outsiders.hpp"

namespace egress::verify {

// Where it is looked for unless told otherwise; there it may be missing.
inline constexpr const char* kOutsideFile = "/etc/egressd/outside.yaml";

// `path`: empty for the default one. An error has a line for each mistake: file, line, column and
// token, and what is accepted.
Result<Outside> read_outside(const std::string& path);

}  // namespace egress::verify
