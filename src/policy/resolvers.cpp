#include <algorithm>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/settings.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

constexpr Form kResolver{"a resolver",
                         "an address with an optional port: 192.0.2.53, [2001:db8::1]:5353"};

// Splits "192.0.2.53:5353" and "[2001:db8::1]:5353"; a bare IPv6 address has no port.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find("]:");
    if (close != text.npos) return {text.substr(1, close - 1), text.substr(close + 2)};
    if (text.ends_with(']')) return {text.substr(1, text.size() - 2), "53"};
    return {text, "53"};
  }
  const bool has_port = std::ranges::count(text, ':') == 1;
  if (!has_port) return {text, "53"};
  return {text.substr(0, text.find(':')), text.substr(text.find(':') + 1)};
}

// Clouds put their resolver at the metadata address: port 53 of it is DNS, any other port would
// open what the answer filter closes.
Result<ResolverAddress> check(const ResolverAddress& resolver) {
  const AddressClass address_class = classify(resolver.address);
  const std::string what =
      quoted(resolver.text()) + " is a " + std::string(text(address_class)) + " address";
  if (address_class == AddressClass::multicast || address_class == AddressClass::unusable) {
    return fail(what + "; accepted: unicast addresses");
  }
  if (address_class == AddressClass::metadata && resolver.port != 53) {
    return fail(what + "; accepted: port 53 of it only");
  }
  return resolver;
}

Result<ResolverAddress> parse_resolver(std::string_view text) {
  const auto [host, port_text] = split(text);
  const auto zoned = ZonedAddress::parse(host);
  const auto ports = parse_ports(port_text);
  if (!zoned && IpAddress::parse(host.substr(0, host.find('%'))))
    return tl::unexpected(zoned.error());
  const bool is_bracketed_v4 = text.starts_with('[') && zoned && zoned->address.is_v4();
  if (!zoned || is_bracketed_v4 || !ports || ports->size() != 1 || !ports->front().is_single()) {
    return fail(quoted(text) + " is not " + std::string(kResolver.noun) +
                "; accepted: " + std::string(kResolver.accepted));
  }
  return check({zoned->address, ports->front().first, zoned->zone});
}

}  // namespace

std::vector<ResolverAddress> read_resolvers(const Node& node, Reader& reader) {
  std::vector<ResolverAddress> resolvers;
  for (const auto& item : reader.list(node, {"a list of resolvers", "[192.0.2.53]"})) {
    const auto resolver = reader.parsed(item, kResolver, parse_resolver);
    if (resolver && std::ranges::find(resolvers, *resolver) == resolvers.end()) {
      resolvers.push_back(*resolver);
    }
  }
  if (node.kind == Node::Kind::list && node.list.empty()) {
    reader.refuse(node.place,
                  "an empty list of resolvers; accepted: at least one, or leave the key "
                  "out for those of the system");
  }
  if (resolvers.size() > limits::kResolvers) {
    reader.refuse(node.place, std::to_string(resolvers.size()) + " resolvers; accepted: up to " +
                                  std::to_string(limits::kResolvers));
  }
  return resolvers;
}

}  // namespace egress::policy
