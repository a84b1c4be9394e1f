// What `allow` and `deny` make of the operator's additions. Pure.
#pragma once

#include <string>
#include <vector>

#include "control/messages.hpp"
#include "egress/policy/load.hpp"

namespace egress::daemon {

// A target with several ports becomes one addition for each, so that each can be denied alone.
std::vector<std::string> split(const policy::Target& target);

policy::EntryOptions options_of(const control::AllowRequest& request, WallTime now);

// `additions` with the targets in it; one that is there already takes the new options, author and
// time.
std::vector<policy::Addition> with(std::vector<policy::Addition> additions,
                                   const std::vector<std::string>& targets,
                                   const policy::Addition& pattern);

// Whether the entry is what this canonical target stands for: the entry itself, or a part of its
// preset.
bool stems_from(const policy::AllowEntry& entry, const std::string& target);

// The entries that these targets stand for, each once.
std::vector<const policy::AllowEntry*> stemming_from(const policy::Entries& entries,
                                                     const std::vector<std::string>& targets);

}  // namespace egress::daemon
