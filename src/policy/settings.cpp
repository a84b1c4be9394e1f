#include "policy/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kMode{"a mode", "enforce or audit"};
constexpr Form kMetadata{"a time for metadata", "none or boot"};
constexpr Form kDns{"a DNS mode", "guard or poll"};
constexpr Form kRefuseWith{"a way to refuse", "nxdomain or refused"};
constexpr Form kRefresh{"a way to refresh", "on-demand or own-clock"};
constexpr Form kRate{"a rate", "a number per s, min or h, such as 60/min"};
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

DnsMode read_dns_mode(const Node& node, Reader& reader) {
  const auto word = reader.text(node, kDns);
  if (word && *word != "guard" && *word != "poll") reader.refuse(node, kDns);
  return word == "poll" ? DnsMode::poll : DnsMode::guard;
}

struct Period {
  std::string_view unit;
  seconds length;
};
constexpr std::array kPeriods{Period{"s", seconds(1)}, Period{"min", seconds(60)},
                              Period{"h", seconds(3600)}};

Result<Rate> parse_rate(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view number = text.substr(0, slash);
  const std::string_view unit = slash == text.npos ? "" : text.substr(slash + 1);
  int count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  const auto period = std::ranges::find(kPeriods, unit, &Period::unit);
  const bool is_number = error == std::errc{} && end == number.data() + number.size();
  if (is_number && count >= 1 && count <= limits::kHighestRate && period != kPeriods.end())
    return Rate{count, period->length};
  return fail(quoted(text) + " is not a rate; accepted: 1 to " +
              std::to_string(limits::kHighestRate) + " per s, min or h, such as 60/min");
}

}  // namespace

std::string Rate::text() const {
  const auto unit = std::ranges::find(kPeriods, period, &Period::length);
  return std::to_string(count) + "/" + std::string(unit->unit);
}

Mode read_mode(const Node& node, Reader& reader) {
  const auto word = reader.text(node, kMode);
  if (word && *word != "enforce" && *word != "audit") reader.refuse(node, kMode);
  return word == "audit" ? Mode::audit : Mode::enforce;
}

bool read_metadata(const Node& node, Reader& reader) {
  const auto word = reader.text(node, kMetadata);
  if (word && *word != "none" && *word != "boot") reader.refuse(node, kMetadata);
  return word == "boot";
}

DnsSettings read_dns(const Node& node, Reader& reader) {
  DnsSettings dns;
  if (node.kind != Node::Kind::map) {
    dns.mode = read_dns_mode(node, reader);
    return dns;
  }
  Keys keys(node, {"a map of DNS settings", "mode, refuse_with, refresh, wildcard_rate"}, reader);
  if (const Node* mode = keys.find("mode")) dns.mode = read_dns_mode(*mode, reader);
  if (const Node* how = keys.find("refuse_with")) {
    const auto word = reader.text(*how, kRefuseWith);
    if (word && *word != "nxdomain" && *word != "refused") reader.refuse(*how, kRefuseWith);
    if (word == "refused") dns.refuse_with = RefuseWith::refused;
  }
  if (const Node* when = keys.find("refresh")) {
    const auto word = reader.text(*when, kRefresh);
    if (word && *word != "on-demand" && *word != "own-clock") reader.refuse(*when, kRefresh);
    if (word == "own-clock") dns.refresh = Refresh::own_clock;
  }
  if (const Node* rate = keys.find("wildcard_rate"))
    dns.wildcard_rate = reader.parsed(*rate, kRate, parse_rate);
  keys.refuse_unknown();
  return dns;
}

Limits read_limits(const Node& node, Reader& reader) {
  Keys keys(node, {"a map of limits", "min_ttl, max_ttl, grace, stale"}, reader);
  Limits limits;
  const Node* max_ttl = keys.find("max_ttl");
  const Bounds ttl_bounds{limits::kLowestMinTtl, limits::kHighestMaxTtl};
  const Node* min_ttl = keys.find("min_ttl");
  read_duration(min_ttl, ttl_bounds, limits.min_ttl, reader);
  read_duration(max_ttl, ttl_bounds, limits.max_ttl, reader);
  read_duration(keys.find("grace"), {seconds(1), limits::kHighestGrace}, limits.grace, reader);
  read_duration(keys.find("stale"), {seconds(1), limits::kHighestStale}, limits.stale, reader);
  if (limits.min_ttl > limits.max_ttl) {
    reader.refuse(min_ttl != nullptr ? min_ttl->place : max_ttl->place,
                  "min_ttl " + print_duration(limits.min_ttl) + " exceeds max_ttl " +
                      print_duration(limits.max_ttl) + "; accepted: min_ttl up to max_ttl");
  }
  keys.refuse_unknown();
  return limits;
}

}  // namespace egress::policy
