#include <algorithm>
#include <map>

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

std::vector<ResolverAddress> read_list(const Node& node, const Form& form, Reader& reader) {
  std::vector<ResolverAddress> resolvers;
  for (const auto& item : reader.list(node, form)) {
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

Result<DnsName> parse_zone(std::string_view text, const NameRules& rules) {
  const auto ascii = rules.to_a_label(text);
  const auto zone = ascii ? DnsName::parse(*ascii) : tl::unexpected(ascii.error());
  if (zone) return zone;
  return fail(quoted(text) + " is not a zone; accepted: a name such as vpn.corp, or default");
}

class ZoneReader {
 public:
  ZoneReader(const NameRules& rules, Reader& reader, Policy& policy)
      : rules_(rules), reader_(reader), policy_(policy) {}

  void read(const Node& map) {
    if (map.map.empty())
      reader_.refuse(map.place, "an empty map of resolvers; accepted: " + std::string(kAccepted));
    for (const auto& [key, value] : map.map) {
      const auto word = reader_.text(key, {"a zone", kAccepted});
      if (word && note(key, *word)) read_zone(key, *word, value);
    }
    std::ranges::sort(policy_.zones);
    check_numbers(map);
  }

 private:
  static constexpr std::string_view kAccepted = "{ vpn.corp: [10.8.0.1], default: system }";

  bool note(const Node& key, const std::string& word) {
    const auto [first, is_new] = places_.try_emplace(word, key.place);
    if (!is_new) reader_.refuse_second(key, word, first->second);
    return is_new;
  }

  void read_zone(const Node& key, const std::string& word, const Node& value) {
    if (word == "default") {
      if (!is_word(value, "system"))
        policy_.resolvers =
            read_list(value, {"a list of resolvers", "[192.0.2.53], or system"}, reader_);
      return;
    }
    const auto zone = reader_.parsed(key, {"a zone", kAccepted}, [&](std::string_view text) {
      return parse_zone(text, rules_);
    });
    auto resolvers = read_list(value, {"a list of resolvers", "[192.0.2.53]"}, reader_);
    if (!zone) return;
    if (std::ranges::find(policy_.zones, *zone, &ZoneResolvers::zone) != policy_.zones.end())
      return reader_.refuse(
          key.place, "the zone " + quoted(zone->text()) + " stands there already; accepted: once");
    policy_.zones.push_back({*zone, std::move(resolvers)});
  }

  void check_numbers(const Node& map) {
    if (policy_.zones.size() > limits::kResolverZones)
      reader_.refuse(map.place, std::to_string(policy_.zones.size()) + " zones; accepted: up to " +
                                    std::to_string(limits::kResolverZones));
    const Resolvers named{policy_.resolvers.value_or(std::vector<ResolverAddress>{}),
                          policy_.zones};
    const std::size_t most =
        limits::kResolversInAll - (policy_.resolvers ? 0 : limits::kResolvers);  // the system's
    if (const std::size_t number = named.all().size(); number > most)
      reader_.refuse(map.place, std::to_string(number) + " resolvers in all; accepted: up to " +
                                    std::to_string(most));
  }

  const NameRules& rules_;
  Reader& reader_;
  Policy& policy_;
  std::map<std::string, Place> places_;
};

}  // namespace

void read_resolvers(const Node& node, const NameRules& rules, Reader& reader, Policy& policy) {
  if (node.kind == Node::Kind::map) return ZoneReader(rules, reader, policy).read(node);
  constexpr Form kList{"a list of resolvers",
                       "[192.0.2.53], or by zone { vpn.corp: [10.8.0.1], default: system }"};
  policy.resolvers = read_list(node, kList, reader);
}

}  // namespace egress::policy
