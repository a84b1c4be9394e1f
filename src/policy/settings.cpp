#include "policy/settings.hpp"

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kMode{"a mode", "enforce or audit"};
constexpr Form kDns{"a DNS mode", "poll"};
constexpr Form kDuration{"a duration", "5s, 15m, 2h30m, 7d"};

struct Bounds {
  seconds lowest;
  seconds highest;
};

void read_duration(const Node* node, const Bounds& bounds, seconds& out, Reader& reader) {
  if (node == nullptr) return;
  const auto duration =
      reader.parsed(*node, kDuration, [](std::string_view text) { return parse_duration(text); });
  if (!duration) return;
  if (*duration >= bounds.lowest && *duration <= bounds.highest) {
    out = *duration;
  } else {
    reader.refuse(node->place, quoted(node->scalar) +
                                   " is out of bounds; accepted: " + print_duration(bounds.lowest) +
                                   " to " + print_duration(bounds.highest));
  }
}

}  // namespace

Mode read_mode(const Node& node, Reader& reader) {
  const auto word = reader.text(node, kMode);
  if (word && *word != "enforce" && *word != "audit") reader.refuse(node, kMode);
  return word == "audit" ? Mode::audit : Mode::enforce;
}

DnsMode read_dns(const Node& node, Reader& reader) {
  const auto word = reader.text(node, kDns);
  if (word && *word != "poll") reader.refuse(node, kDns);
  return DnsMode::poll;
}

Limits read_limits(const Node& node, Reader& reader) {
  Keys keys(node, {"a map of limits", "min_ttl, max_ttl, grace"}, reader);
  Limits limits;
  const Node* max_ttl = keys.find("max_ttl");
  const Bounds ttl_bounds{limits::kLowestMinTtl, limits::kHighestMaxTtl};
  const Node* min_ttl = keys.find("min_ttl");
  read_duration(min_ttl, ttl_bounds, limits.min_ttl, reader);
  read_duration(max_ttl, ttl_bounds, limits.max_ttl, reader);
  read_duration(keys.find("grace"), {seconds(1), limits::kHighestGrace}, limits.grace, reader);
  if (limits.min_ttl > limits.max_ttl) {
    reader.refuse(min_ttl != nullptr ? min_ttl->place : max_ttl->place,
                  "min_ttl " + print_duration(limits.min_ttl) + " exceeds max_ttl " +
                      print_duration(limits.max_ttl) + "; accepted: min_ttl up to max_ttl");
  }
  keys.refuse_unknown();
  return limits;
}

}  // namespace egress::policy
