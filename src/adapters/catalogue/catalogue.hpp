// The presets as they lie on disk.
#pragma once

#include <string>

#include "egress/policy/load.hpp"

namespace egress::adapters {

// Where the presets of this installation are.
inline constexpr const char* kRulesFolder = "/usr/share/egressd/rules";

// The presets of every *.yaml of the folder, without those that cannot be used. No such folder: no
// presets.
struct UsablePresets {
  policy::Catalogue catalogue;
  policy::Problems problems;  // of the others
};
UsablePresets read_usable_presets(const std::string& folder, const policy::NameRules& rules);

// The same, or every problem of every one of them.
tl::expected<policy::Catalogue, policy::Problems> read_catalogue(const std::string& folder,
                                                                 const policy::NameRules& rules);

}  // namespace egress::adapters
