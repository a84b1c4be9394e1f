#include "adapters/yaml/yaml.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "adapters/yaml/tree_builder.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::adapters {
namespace {

policy::Place place_of(std::string_view text, std::size_t offset, const std::string& file) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto column = offset - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1) + 1;
  return {file, static_cast<int>(line), static_cast<int>(column)};
}

// yaml-cpp takes 0x04 for the end of the text and puts U+FFFD for invalid UTF-8, so neither may
// reach it.
std::optional<policy::Problem> fault(std::string_view text, const std::string& file) {
  if (text.size() > limits::kPolicyFileBytes) {
    return policy::Problem{{file, 0, 0},
                           "the file has " + std::to_string(text.size()) +
                               " octets; accepted: up to " +
                               std::to_string(limits::kPolicyFileBytes)};
  }
  const auto bad = std::ranges::find_if(text, [](char c) {
    return has_control_character({&c, 1}) && c != '\n' && c != '\r' && c != '\t';
  });
  if (bad != text.end()) {
    const auto offset = static_cast<std::size_t>(bad - text.begin());
    return policy::Problem{
        place_of(text, offset, file),
        "the control character " + quoted(text.substr(offset, 1)) + "; accepted: printable text"};
  }
  if (!is_utf8(text))
    return policy::Problem{{file, 0, 0}, "the file is not UTF-8; accepted: UTF-8"};
  return std::nullopt;
}

}  // namespace

tl::expected<policy::Node, policy::Problem> parse_yaml(std::string_view text,
                                                       const std::string& file) {
  if (auto problem = fault(text, file)) return tl::unexpected(std::move(*problem));
  TreeBuilder builder(file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return tl::unexpected(refusal.problem);
  } catch (const YAML::Exception& error) {
    const policy::Place place{file, error.mark.line + 1, error.mark.column + 1};
    return tl::unexpected(policy::Problem{place, "not YAML: " + error.msg});
  }
  return builder.take();
}

}  // namespace egress::adapters
