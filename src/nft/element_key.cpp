#include <cstddef>
#include <optional>

#include "egress/nft/ruleset.hpp"

namespace egress::nft {
namespace {

// The length of the prefix that is exactly first..last, if there is one.
std::optional<std::size_t> prefix_length(const IpAddress& first, const IpAddress& last) {
  const auto low = first.octets();
  const auto high = last.octets();
  std::size_t at = 0;
  while (at < low.size() && low[at] == high[at]) ++at;
  if (at == low.size()) return 8 * at;
  const unsigned host_bits = static_cast<unsigned>(low[at] ^ high[at]);
  if ((host_bits & (host_bits + 1)) != 0 || (low[at] & host_bits) != 0) return std::nullopt;
  std::size_t length = 8 * at + 8;
  for (unsigned bits = host_bits; bits != 0; bits >>= 1) --length;
  for (++at; at < low.size(); ++at) {
    if (low[at] != 0x00 || high[at] != 0xff) return std::nullopt;
  }
  return length;
}

std::string range_text(const IpAddress& first, const IpAddress& last) {
  if (first == last) return first.text();
  if (const auto length = prefix_length(first, last)) {
    return first.text() + "/" + std::to_string(*length);
  }
  return first.text() + "-" + last.text();
}

// As nft shows the number (/etc/protocols).
std::string protocol_text(Transport transport) {
  if (transport == Transport::ipip) return "ipencap";
  return transport == Transport::icmp6 ? "ipv6-icmp" : std::string(egress::text(transport));
}

}  // namespace

ElementKey ElementKey::endpoint(SetId set, const Endpoint& endpoint) {
  return {.set = set,
          .first = endpoint.address,
          .last = endpoint.address,
          .transport = endpoint.transport,
          .ports = {endpoint.port, endpoint.port}};
}

ElementKey ElementKey::of_name(const Endpoint& at) {
  return endpoint(has_ports(at.transport) ? SetId::allow : SetId::peers, at);
}

bool ElementKey::contains(const Endpoint& endpoint) const {
  return endpoint.address.family() == family() && first <= endpoint.address &&
         endpoint.address <= last && endpoint.transport == transport &&
         ports.contains(endpoint.port);
}

std::string ElementKey::text() const {
  const std::string peers = range_text(first, last) + " . " + protocol_text(transport);
  if (set == SetId::peers) return peers;
  return peers + " . " + (has_ports(transport) ? ports.text() : "0-65535");
}

std::string set_name(SetId set, Family family) {
  const char* suffix = family == Family::ipv4 ? "4" : "6";
  switch (set) {
    case SetId::allow:
      return std::string("allow") + suffix;
    case SetId::peers:
      return std::string("peers") + suffix;
    case SetId::nets:
      return std::string("nets") + suffix;
    case SetId::resolvers:
      return std::string("resolvers") + suffix;
    case SetId::boot:
      return std::string("boot") + suffix;
    case SetId::probed:
      return std::string("probed") + suffix;
    case SetId::verified:
      return std::string("verified") + suffix;
    case SetId::tried:
      return std::string("tried") + suffix;
    case SetId::refused:
      return std::string("refused") + suffix;
  }
  return {};
}

}  // namespace egress::nft
