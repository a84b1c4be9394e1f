// hosts(5): programs of this host believe it before any resolver.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::resolvconf {

using HostNames = std::map<DnsName, std::vector<IpAddress>>;

// What is no address or no name is left out, as the C library does.
HostNames parse_hosts(std::string_view text);

// Never fails: of a file that cannot be read, or is longer than limits::kHostsBytes, nothing is
// known.
HostNames read_hosts(const std::string& path = "/etc/hosts");
// Of these names alone: of a list of thousands nothing else is kept.
HostNames read_hosts(const std::set<DnsName>& wanted, const std::string& path = "/etc/hosts");
using IsWanted = std::function<bool(const DnsName&)>;
HostNames read_hosts(const IsWanted& is_wanted, const std::string& path = "/etc/hosts");

}  // namespace egress::resolvconf
