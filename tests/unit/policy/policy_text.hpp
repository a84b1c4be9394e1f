// Policies from YAML text, with the catalogue that ships and the system's name rules.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "adapters/names/names.hpp"
#include "adapters/yaml/yaml.hpp"
#include "egress/policy/load.hpp"

namespace egress::policy {

inline const NameRules& name_rules() {
  static const NameRules kRules = adapters::system_name_rules();
  return kRules;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline Node node(std::string_view text, const std::string& file = "test.yaml") {
  auto parsed = adapters::parse_yaml(text, file);
  return parsed ? *parsed : throw std::invalid_argument(parsed.error().text());
}

inline const Catalogue& shipped_catalogue() {
  static const Catalogue kCatalogue = [] {
    Catalogue catalogue;
    for (const auto& file : std::filesystem::directory_iterator(SOURCE_DIR "/rules")) {
      if (file.path().extension() != ".yaml") continue;
      const std::string text = read_file(file.path());
      catalogue.emplace(file.path().stem(), parse_preset(node(text, file.path().filename()), name_rules()).value());
    }
    return catalogue;
  }();
  return kCatalogue;
}

// 2026-11-21T00:00:00Z
inline constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

struct Files {
  std::vector<Node> documents;
  std::vector<Addition> additions;
};

inline tl::expected<Policy, Problems> load(const Files& files) {
  return load(Sources{files.documents, files.additions, &shipped_catalogue(), &name_rules(), kNow});
}

inline tl::expected<Policy, Problems> load_text(std::string_view text) {
  return load(Files{{node(text)}, {}});
}

// The problems, one a line; empty when the policy loads.
inline std::string problems_of(const tl::expected<Policy, Problems>& loaded) {
  std::string out;
  if (loaded) return out;
  for (const auto& problem : loaded.error()) out += problem.text() + '\n';
  return out;
}

// The targets, one a line.
inline std::string targets_of(const tl::expected<Policy, Problems>& loaded) {
  if (!loaded) return problems_of(loaded);
  std::string out;
  for (const auto& entry : loaded->entries) out += entry.target() + '\n';
  return out;
}

}  // namespace egress::policy
