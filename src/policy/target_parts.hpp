// The pieces of the target grammar, for the keys of an entry that is written as a map.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::policy {

inline constexpr std::string_view kAcceptedTarget =
    "[tcp/|udp/]host[:port[,port|lo-hi]], an address, a CIDR or preset:name[@parameter]";

// Of a transport without ports: one range that is none.
inline std::vector<PortRange> no_ports() {
  return {PortRange{}};
}

// A host name, an address or a CIDR, without brackets.
Result<Destination> parse_destination(std::string_view text, const NameRules& rules);
// Whether strangers register some of the names that it covers.
bool covers_strangers(const Wildcard& wildcard, const NameRules& rules);
// What the list of public suffixes tells of a destination.
std::optional<Risk> risk_of_suffix(const Destination& destination, const NameRules& rules);
// "443", "80,443", "8000-8010": sorted, disjoint.
Result<std::vector<PortRange>> parse_ports(std::string_view text);
// A range of ports on a named host is bounded, since every address takes one element per port.
Result<std::vector<PortRange>> check_ports(std::vector<PortRange> ports, const Destination& host);

// "api.openai.com", "192.0.2.0/24", "[2001:db8::/32]"
std::string text(const Destination& destination);
std::string text(const std::vector<PortRange>& ports);
std::vector<std::string> texts(const std::vector<DnsName>& names);

}  // namespace egress::policy
