// The settings of a policy, all but its entries, as egressd writes them for itself. Reading them
// judges the form alone.
#pragma once

#include <string>

#include "egress/policy/policy.hpp"
#include "policy/reader.hpp"

namespace egress::policy {

std::string print_frame(const Policy& policy);
Policy read_frame(const Node& node, Reader& reader);

}  // namespace egress::policy
