#include "egress/dns/answer_filter.hpp"

#include "egress/core/address_class.hpp"

namespace egress::dns {

std::optional<std::string_view> objection(const IpAddress& address, const FilterRules& rules,
                                          const std::set<IpAddress>& own_addresses) {
  const AddressClass kind = classify(address);
  const bool is_own = own_addresses.contains(address);
  if (is_own && (kind == AddressClass::unicast || kind == AddressClass::private_use))
    return "one of this host's own addresses, and the entry does not say private: true (allow "
           "--private)";
  if (is_own) return "one of this host's own addresses";
  switch (kind) {
    case AddressClass::unicast:
      return std::nullopt;
    case AddressClass::private_use:
      if (rules.allows_private) return std::nullopt;
      return "a private address, and the entry does not say private: true (allow --private)";
    case AddressClass::metadata:
      if (rules.allows_metadata) return std::nullopt;
      return "a cloud metadata address";
    case AddressClass::loopback:
      if (rules.allows_metadata) return std::nullopt;
      return "a loopback address";
    case AddressClass::link_local:
      return "a link-local address";
    case AddressClass::multicast:
      return "a multicast address";
    case AddressClass::unusable:
      return "not a host's address";
  }
  return "of an unknown class";
}

}  // namespace egress::dns
