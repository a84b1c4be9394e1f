// The operator's additions as text, for their own file and for the policy that was accepted last.
#pragma once

#include <string>
#include <vector>

#include "egress/policy/load.hpp"
#include "policy/reader.hpp"

namespace egress::policy {

// The key `additions` with its list.
std::string print_list(const std::vector<Addition>& additions);
Addition read_addition(const Node& item, Reader& reader);

// What a preset stood for when it was accepted (accepted.cpp).
std::string print_opens(const std::vector<AllowEntry>& entries);
std::vector<AllowEntry> read_opens(const Node& node, Reader& reader);

}  // namespace egress::policy
