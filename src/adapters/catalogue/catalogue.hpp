// The presets as they lie on disk.
#pragma once

#include <string>

#include "egress/policy/load.hpp"

namespace egress::adapters {

// Where the presets of this installation are.
inline constexpr const char* kRulesFolder = "/usr/share/egressd/rules";

// Every *.yaml of the folder, or every problem of every one of them. No such folder: no presets.
tl::expected<policy::Catalogue, policy::Problems> read_catalogue(const std::string& folder,
                                                                 const policy::NameRules& rules);

}  // namespace egress::adapters
