// YAML text to a policy document, through yaml-cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "egress/core/limits.hpp"
#include "egress/policy/load.hpp"

namespace egress::adapters {

struct YamlBounds {
  std::size_t bytes = limits::kPolicyFileBytes;
  std::size_t nodes = limits::kPolicyNodes;
};

// One document of scalars, lists and maps. Refused, with the place: more than one document,
// anchors, aliases, tags, NUL and other control characters, invalid UTF-8, and anything past the
// bounds. An empty text is a null node. `file` only names the places. Never throws.
tl::expected<policy::Node, policy::Problem> parse_yaml(std::string_view text,
                                                       const std::string& file,
                                                       const YamlBounds& bounds = {});

}  // namespace egress::adapters
