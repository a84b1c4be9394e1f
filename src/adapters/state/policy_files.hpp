// The files of a policy, as text. What they say is judged by src/policy.
#pragma once

#include <string>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::state {

struct PolicyFile {
  std::string path;
  std::string text;
  bool operator==(const PolicyFile&) const = default;
};

// The main file, then the *.yaml files of the folder policy.d beside it in the order of their
// names. Names that start with a dot are passed over; without that folder there is only the main
// file. At most limits::kPolicyFiles of limits::kPolicyFileBytes each.
//
// One bad file refuses all: one that is missing, not regular, too large, or open to change by
// others than root and ourselves. Files and folders must belong to root or to the user we run as,
// and must not be writable by group or others (a folder may be if it is sticky); links are judged
// by what they point to.
Result<std::vector<PolicyFile>> read_policy_files(const std::string& main_path);

// The *.yaml files of one folder under the same rules; none if there is no such folder.
Result<std::vector<PolicyFile>> read_policy_folder(const std::string& path);

}  // namespace egress::state
