// Which addresses an answer may open.
#pragma once

#include <optional>
#include <set>
#include <string_view>

#include "egress/core/ip_address.hpp"

namespace egress::dns {

// What an allow entry permits beyond public unicast addresses.
struct FilterRules {
  bool allows_private = false;   // private-use addresses
  bool allows_metadata = false;  // loopback and metadata addresses
};

// Why DNS may not open this address ("a cloud metadata address", "one of this host's own
// addresses"); empty: it may. Forms that embed an IPv4 address are judged by it
// (core/address_class.hpp).
std::optional<std::string_view> objection(const IpAddress& address, const FilterRules& rules,
                                          const std::set<IpAddress>& own_addresses);

}  // namespace egress::dns
