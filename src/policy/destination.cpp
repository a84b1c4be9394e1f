#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

bool reads_as_address(std::string_view text) {
  const bool is_numeric =
      std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return is_numeric || text.find_first_of(":/") != text.npos;
}

Result<Destination> parse_prefix(std::string_view text) {
  const auto prefix = Prefix::parse(text);
  if (!prefix && std::ranges::count(text, ':') == 1) {
    return fail(quoted(text) + " holds a port; accepted: a host name, an address or a CIDR alone");
  }
  if (!prefix) return tl::unexpected(prefix.error());
  const int shortest =
      prefix->family() == Family::ipv4 ? limits::kShortestPrefixV4 : limits::kShortestPrefixV6;
  if (prefix->length() < shortest) {
    return fail(quoted(text) + " is too wide to be an allow-list; accepted: /" +
                std::to_string(shortest) + " or longer");
  }
  return *prefix;
}

// The name under a wildcard, or the whole text.
std::string_view without_wildcard(std::string_view text) {
  if (text.starts_with("*.")) return text.substr(2);
  return text.size() > 1 && text.front() == '.' ? text.substr(1) : text;
}

Result<Destination> parse_name(std::string_view text, const NameRules& rules) {
  if (text == "*") {
    return fail("\"*\" would allow every host; accepted: a host name, an address or a CIDR");
  }
  const std::string_view bare = without_wildcard(text);
  const auto a_label = rules.to_a_label(bare);
  if (!a_label) return tl::unexpected(a_label.error());
  const auto name = DnsName::parse(*a_label);
  if (!name) return tl::unexpected(name.error());
  const bool is_wildcard = bare.size() != text.size();
  if (rules.suffix(*name) == Suffix::icann ||
      (is_wildcard && rules.suffix_below(*name) == Suffix::icann)) {
    return fail(quoted(text) + " is a public suffix, under which strangers register names; " +
                "accepted: a name below it");
  }
  if (!is_wildcard) return *name;
  return Wildcard{*name, text.front() == '.'};
}

}  // namespace

Result<Destination> parse_destination(std::string_view text, const NameRules& rules) {
  if (text.empty()) return fail("the host is missing; accepted: " + std::string(kAcceptedTarget));
  return reads_as_address(text) ? parse_prefix(text) : parse_name(text, rules);
}

bool covers_strangers(const Wildcard& wildcard, const NameRules& rules) {
  return rules.suffix(wildcard.base) != Suffix::none ||
         rules.suffix_below(wildcard.base) != Suffix::none;
}

std::optional<Risk> risk_of_suffix(const Destination& destination, const NameRules& rules) {
  if (const auto* wildcard = std::get_if<Wildcard>(&destination)) {
    if (!covers_strangers(*wildcard, rules)) return std::nullopt;
    return Risk{Risk::Kind::wide, "strangers register names below " + wildcard->base.text() +
                                      ": whoever has one can be given data"};
  }
  const auto* name = std::get_if<DnsName>(&destination);
  if (name == nullptr || rules.suffix(*name) == Suffix::none) return std::nullopt;
  return Risk{Risk::Kind::upload, name->text() +
                                      " is a public suffix: strangers have accounts at its owner, "
                                      "and may have a place at this name as well"};
}

std::string text(const Destination& destination) {
  if (const auto* name = std::get_if<DnsName>(&destination)) return name->text();
  if (const auto* wildcard = std::get_if<Wildcard>(&destination)) return wildcard->text();
  const auto& prefix = std::get<Prefix>(destination);
  return prefix.family() == Family::ipv4 ? prefix.text() : '[' + prefix.text() + ']';
}

std::vector<std::string> texts(const std::vector<DnsName>& names) {
  std::vector<std::string> all;
  for (const DnsName& name : names) all.push_back(name.text());
  return all;
}

}  // namespace egress::policy
