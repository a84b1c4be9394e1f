#include "policy/frame_text.hpp"

#include <algorithm>
#include <charconv>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"
#include "policy/yaml_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kFrame{"a map of settings", "what egressd itself has written"};
constexpr Form kNumber{"a number", "digits"};
constexpr Form kWord{"a word", "text"};
constexpr Form kAddress{"a resolver", "ADDRESS PORT"};

template <class Items, class Text>
std::string list_text(const Items& items, Text text) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + yaml_quoted(text(item));
  return '[' + out + ']';
}

std::string addresses_text(const std::vector<ResolverAddress>& resolvers) {
  return list_text(resolvers, [](const ResolverAddress& resolver) {
    const std::string link = resolver.zone.empty() ? "" : '%' + resolver.zone;
    return resolver.address.text() + link + ' ' + std::to_string(resolver.port);
  });
}

std::string zones_text(const std::vector<ZoneResolvers>& zones) {
  std::string out;
  for (const ZoneResolvers& one : zones)
    out += (out.empty() ? "{ " : ", ") + yaml_quoted(one.zone.text()) + ": " +
           addresses_text(one.resolvers);
  return out + " }";
}

// Up to the longest duration there is: no value that was accepted is larger.
Result<std::int64_t> parse_number(std::string_view text) {
  constexpr std::int64_t kMost = seconds(limits::kLongestDuration).count();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 0 && number <= kMost)
    return number;
  return fail(quoted(text) + " is not a number; accepted: digits");
}

Result<ResolverAddress> parse_address(std::string_view text) {
  const auto space = text.find(' ');
  const auto address = ZonedAddress::parse(text.substr(0, space));
  if (!address) return tl::unexpected(address.error());
  const auto port = parse_number(space == text.npos ? "" : text.substr(space + 1));
  if (port && *port >= 1 && *port <= 65535)
    return ResolverAddress{address->address, static_cast<Port>(*port), address->zone};
  return fail(quoted(text) + " is not a resolver; accepted: " + std::string(kAddress.accepted));
}

// "22/tcp", "60000-61000/udp", "ping".
Result<Inbound> parse_inbound(std::string_view text) {
  if (text == "ping") return Inbound{{}, true};
  const auto slash = text.find('/');
  const auto ports = parse_ports(text.substr(0, slash));
  if (!ports) return tl::unexpected(ports.error());
  const bool is_udp = slash != text.npos && text.substr(slash + 1) == "udp";
  Inbound inbound;
  for (const PortRange& range : *ports)
    inbound.ports.push_back({is_udp ? Transport::udp : Transport::tcp, range});
  return inbound;
}

std::vector<ResolverAddress> read_addresses(const Node& node, Reader& reader) {
  std::vector<ResolverAddress> resolvers;
  for (const Node& item : reader.list(node, kFrame))
    if (const auto resolver = reader.parsed(item, kAddress, parse_address))
      resolvers.push_back(*resolver);
  return resolvers;
}

std::vector<ZoneResolvers> read_zones(const Node& node, Reader& reader) {
  std::vector<ZoneResolvers> zones;
  for (const auto& [key, value] : node.map)
    if (const auto zone = reader.parsed(key, kWord, DnsName::parse))
      zones.push_back({*zone, read_addresses(value, reader)});
  std::ranges::sort(zones);
  return zones;
}

class FrameReader {
 public:
  FrameReader(Keys& keys, Reader& reader) : keys_(keys), reader_(reader) {}

  bool has(std::string_view key, std::string_view word) {
    const Node* node = keys_.find(key);
    return node != nullptr && reader_.text(*node, kWord) == word;
  }
  std::int64_t number(std::string_view key, std::int64_t otherwise) {
    const Node* node = keys_.find(key);
    return node == nullptr ? otherwise
                           : reader_.parsed(*node, kNumber, parse_number).value_or(otherwise);
  }
  void duration(std::string_view key, seconds& out) { out = seconds(number(key, out.count())); }

 private:
  Keys& keys_;
  Reader& reader_;
};

}  // namespace

std::string print_frame(const Policy& policy) {
  const auto seconds_of = [](seconds duration) { return std::to_string(duration.count()); };
  std::string out = policy.mode == Mode::audit ? "{ mode: audit" : "{ mode: enforce";
  out += policy.dns.mode == DnsMode::poll ? ", dns: poll" : ", dns: guard";
  out += policy.dns.refuse_with == RefuseWith::refused ? ", refuse_with: refused"
                                                       : ", refuse_with: nxdomain";
  if (policy.dns.refresh == Refresh::own_clock) out += ", refresh: own-clock";
  if (policy.dns.wildcard_rate)
    out += ", wildcard_count: " + std::to_string(policy.dns.wildcard_rate->count) +
           ", wildcard_period: " + seconds_of(policy.dns.wildcard_rate->period);
  if (policy.resolvers) out += ", resolvers: " + addresses_text(*policy.resolvers);
  if (!policy.zones.empty()) out += ", zones: " + zones_text(policy.zones);
  out += policy.allows_dhcp ? ", dhcp: true" : ", dhcp: false";
  out += ", min_ttl: " + seconds_of(policy.limits.min_ttl) +
         ", max_ttl: " + seconds_of(policy.limits.max_ttl) +
         ", grace: " + seconds_of(policy.limits.grace) +
         ", stale: " + seconds_of(policy.limits.stale);
  if (policy.inbound)
    out += ", inbound: " +
           list_text(policy.inbound->texts(), [](const std::string& port) { return port; });
  if (!policy.serves_guests) out += ", guests: false";
  if (policy.metadata_at_boot) out += ", metadata: boot";
  const auto as_is = [](const std::string& name) { return name; };
  if (policy.released) out += ", released: " + list_text(*policy.released, as_is);
  return out + ", forward: " + list_text(policy.forward, as_is) + " }";
}

Policy read_frame(const Node& node, Reader& reader) {
  Policy policy;
  Keys keys(node, kFrame, reader);
  FrameReader frame(keys, reader);
  policy.mode = frame.has("mode", "audit") ? Mode::audit : Mode::enforce;
  policy.dns.mode = frame.has("dns", "poll") ? DnsMode::poll : DnsMode::guard;
  policy.dns.refuse_with =
      frame.has("refuse_with", "refused") ? RefuseWith::refused : RefuseWith::nxdomain;
  if (frame.has("refresh", "own-clock")) policy.dns.refresh = Refresh::own_clock;
  const auto count = frame.number("wildcard_count", 0);
  const auto period = frame.number("wildcard_period", 0);
  if (count > 0 && period > 0)
    policy.dns.wildcard_rate = Rate{static_cast<int>(count), seconds(period)};
  if (const Node* resolvers = keys.find("resolvers"))
    policy.resolvers = read_addresses(*resolvers, reader);
  if (const Node* zones = keys.find("zones")) policy.zones = read_zones(*zones, reader);
  if (const Node* dhcp = keys.find("dhcp")) policy.allows_dhcp = reader.flag(*dhcp);
  if (const Node* guests = keys.find("guests")) policy.serves_guests = reader.flag(*guests);
  if (frame.has("metadata", "boot")) policy.metadata_at_boot = true;
  frame.duration("min_ttl", policy.limits.min_ttl);
  frame.duration("max_ttl", policy.limits.max_ttl);
  frame.duration("grace", policy.limits.grace);
  frame.duration("stale", policy.limits.stale);
  const auto read_names = [&](const Node& list, std::vector<std::string>& names) {
    for (const Node& item : reader.list(list, kFrame))
      if (auto name = reader.text(item, kWord)) names.push_back(*std::move(name));
  };
  if (const Node* forward = keys.require("forward", kFrame)) read_names(*forward, policy.forward);
  if (const Node* released = keys.find("released"))
    read_names(*released, policy.released.emplace());
  if (const Node* inbound = keys.find("inbound")) {
    policy.inbound.emplace();
    for (const Node& item : reader.list(*inbound, kFrame))
      if (const auto port = reader.parsed(item, kWord, parse_inbound)) {
        policy.inbound->allows_ping |= port->allows_ping;
        policy.inbound->ports.insert(policy.inbound->ports.end(), port->ports.begin(),
                                     port->ports.end());
      }
  }
  keys.refuse_unknown();
  return policy;
}

}  // namespace egress::policy
