#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/settings.hpp"

namespace egress::policy {
namespace {

constexpr std::size_t kInterfaceOctets = 15;  // IFNAMSIZ - 1
constexpr Form kPattern{"an interface", "a name of up to 15 octets such as docker0, or br-*"};

// What the kernel's dev_valid_name() takes, less quotes and backslashes, which nft's text cannot
// hold.
bool is_interface_character(char c) {
  return c > ' ' && c <= '~' && std::string_view("/:\"\\*").find(c) == std::string_view::npos;
}

Result<std::string> parse_pattern(std::string_view text) {
  const std::string_view name = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
  const bool is_valid = !name.empty() && text.size() <= kInterfaceOctets && name != "." &&
                        name != ".." && std::ranges::all_of(name, is_interface_character);
  if (is_valid) return std::string(text);
  return fail(quoted(text) + " is not " + std::string(kPattern.noun) +
              "; accepted: " + std::string(kPattern.accepted));
}

Result<std::string> parse_held(std::string_view text) {
  if (text == "*") {
    return fail(
        "\"*\" would hold every interface, and with it the traffic that comes in for "
        "containers; accepted: a name, or a prefix such as br-*; without the key `forward` every "
        "interface but the way out is held");
  }
  return parse_pattern(text);
}

Result<std::string> parse_released(std::string_view text) {
  if (text == "*")
    return fail(
        "\"*\" would hold no interface; accepted: a name, or a prefix such as br-*; to hold none: "
        "forward: []");
  return parse_pattern(text);
}

template <class Parse>
std::vector<std::string> read_patterns(const Node& node, const Form& form, Reader& reader,
                                       Parse parse) {
  std::vector<std::string> patterns;
  for (const auto& item : reader.list(node, form)) {
    auto pattern = reader.parsed(item, kPattern, parse);
    if (pattern && std::ranges::find(patterns, *pattern) == patterns.end()) {
      patterns.push_back(std::move(*pattern));
    }
  }
  if (patterns.size() > limits::kForwardPatterns) {
    reader.refuse(node.place, std::to_string(patterns.size()) + " interfaces; accepted: up to " +
                                  std::to_string(limits::kForwardPatterns));
  }
  return patterns;
}

std::vector<std::string> read_released(const Node& node, Reader& reader) {
  constexpr Form kExceptions{"a map with what is not held", "{ except: [wg0] }"};
  Keys keys(node, kExceptions, reader);
  const Node* except = keys.require("except", kExceptions);
  keys.refuse_unknown();
  if (except == nullptr) return {};
  return read_patterns(*except, {"a list of interfaces", "[wg0, \"vlan*\"]"}, reader,
                       parse_released);
}

}  // namespace

void read_forward(const Node* node, Reader& reader, Policy& policy) {
  constexpr Form kHeld{"a list of interfaces", "[docker0, \"br-*\"], or { except: [wg0] }"};
  if (node == nullptr)
    policy.released.emplace();
  else if (node->kind == Node::Kind::map)
    policy.released = read_released(*node, reader);
  else
    policy.forward = read_patterns(*node, kHeld, reader, parse_held);
}

}  // namespace egress::policy
