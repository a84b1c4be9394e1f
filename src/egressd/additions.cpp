#include "egressd/additions.hpp"

#include <algorithm>
#include <set>

namespace egress::daemon {

std::vector<std::string> split(const policy::Target& target) {
  std::vector<std::string> targets;
  for (const PortRange& range : target.ports) {
    policy::Target single = target;
    single.ports = {range};
    targets.push_back(single.text());
  }
  if (targets.empty()) targets.push_back(target.text());  // a preset has no ports of its own
  return targets;
}

policy::EntryOptions options_of(const control::AllowRequest& request, WallTime now) {
  policy::EntryOptions options{.is_optional = request.optional,
                               .allows_private = request.private_answers,
                               .allows_metadata = request.metadata,
                               .is_wide = request.wide,
                               .has_services = request.srv,
                               .except = request.except,
                               .until = std::nullopt,
                               .reason = request.reason};
  if (request.for_s) options.until = now + seconds{*request.for_s};
  return options;
}

std::vector<policy::Addition> with(std::vector<policy::Addition> additions,
                                   const std::vector<std::string>& targets,
                                   const policy::Addition& pattern) {
  for (const std::string& target : targets) {
    policy::Addition addition = pattern;
    addition.target = target;
    const auto at = std::ranges::find(additions, target, &policy::Addition::target);
    if (at == additions.end())
      additions.push_back(std::move(addition));
    else
      *at = std::move(addition);
  }
  return additions;
}

std::vector<const policy::AllowEntry*> stemming_from(const policy::Entries& entries,
                                                     const std::vector<std::string>& targets) {
  std::set<const policy::AllowEntry*> found;
  for (const std::string& target : targets) {
    if (const policy::AllowEntry* entry = entries.find(target)) found.insert(entry);
    if (!target.starts_with("preset:")) continue;
    for (const policy::AllowEntry& entry : entries)
      if (stems_from(entry, target)) found.insert(&entry);
  }
  std::vector<const policy::AllowEntry*> sorted(found.begin(), found.end());
  std::ranges::sort(sorted, {}, &policy::AllowEntry::target);
  return sorted;
}

bool stems_from(const policy::AllowEntry& entry, const std::string& target) {
  return entry.target() == target ||
         (!entry.origin.preset.empty() && target == "preset:" + entry.origin.preset);
}

}  // namespace egress::daemon
