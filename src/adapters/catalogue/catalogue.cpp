#include "adapters/catalogue/catalogue.hpp"

#include <algorithm>
#include <iterator>

#include "adapters/state/policy_files.hpp"
#include "adapters/yaml/yaml.hpp"
#include "egress/core/text.hpp"

namespace egress::adapters {
namespace {

tl::expected<policy::Preset, policy::Problems> read_preset(const state::PolicyFile& file,
                                                           const policy::NameRules& rules) {
  const auto node = parse_yaml(file.text, file.path);
  if (!node) return tl::unexpected(policy::Problems{node.error()});
  return policy::parse_preset(*node, rules);
}

}  // namespace

UsablePresets read_usable_presets(const std::string& folder, const policy::NameRules& rules) {
  UsablePresets presets;
  const auto files = state::read_policy_folder(folder);
  if (!files) presets.problems.push_back({{folder, 0, 0}, files.error().message});
  if (!files) return presets;
  for (const state::PolicyFile& file : *files) {
    auto preset = read_preset(file, rules);
    if (!preset) {
      std::ranges::move(preset.error(), std::back_inserter(presets.problems));
      continue;
    }
    const auto [first, is_new] = presets.catalogue.try_emplace(preset->name, *preset);
    if (!is_new)
      presets.problems.push_back({preset->place, "the preset " + quoted(preset->name) +
                                                     " stands in " + first->second.place.file +
                                                     " already; accepted: once"});
  }
  return presets;
}

tl::expected<policy::Catalogue, policy::Problems> read_catalogue(const std::string& folder,
                                                                 const policy::NameRules& rules) {
  UsablePresets presets = read_usable_presets(folder, rules);
  if (!presets.problems.empty()) return tl::unexpected(std::move(presets.problems));
  return std::move(presets.catalogue);
}

}  // namespace egress::adapters
