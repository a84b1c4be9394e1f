// The file that names hosts for what must be refused.
#pragma once

#include <string>
#include <vector>

#include "egressctl/verify/outsiders.hpp"

namespace egress::verify {

// Where it is looked for unless told otherwise; there it may be missing.
inline constexpr const char* kOutsideFile = "/etc/egressd/outside.yaml";

// `path`: empty for the default one. Each mistake is told with its file, line, column and token,
// and what is accepted.
tl::expected<Outside, std::vector<std::string>> read_outside(const std::string& path);

}  // namespace egress::verify
