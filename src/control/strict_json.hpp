// JSON text to a tree, with less than JSON allows: no object member twice, no deep nesting.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress::control {

// Deeper than any message of ours: reply > list > entry > list > address.
inline constexpr int kJsonDepth = 8;

// Never throws for what the text holds. Invalid UTF-8 and anything after the value are errors.
Result<nlohmann::json> parse_strict(std::string_view text);

}  // namespace egress::control
