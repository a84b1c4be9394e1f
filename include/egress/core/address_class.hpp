// What an address is for, where that decides whether DNS may open it.
#pragma once

#include <optional>
#include <string_view>

#include "egress/core/ip_address.hpp"

namespace egress {

enum class AddressClass {
  unicast,      // ordinary, public
  private_use,  // RFC 1918, RFC 6598 (100.64/10), RFC 4193 (fc00::/7), fec0::/10, RFC 2544
                // (198.18/15)
  loopback,     // 127/8, ::1
  link_local,   // 169.254/16, fe80::/10
  metadata,     // 169.254.169.254, 169.254.170.2 and .23, fd00:ec2::254 and ::23, 168.63.129.16,
                // 100.100.100.200, 192.0.0.192, fd20:ce::254
  multicast,    // 224/4, ff00::/8
  unusable,     // 0/8, 240/4, ::, and what no host answers at
};

std::string_view text(AddressClass address_class);

// The class of the address a packet would reach: v4-mapped (::ffff:0:0/96), v4-compatible (::/96),
// NAT64 (64:ff9b::/96, 64:ff9b:1::/48), 6to4 (2002::/16) and Teredo (2001::/32) forms are judged by
// the IPv4 address inside them.
AddressClass classify(const IpAddress& address);

// The most dangerous class among the addresses of a prefix (metadata, then loopback, link-local,
// ...).
AddressClass worst_class(const Prefix& prefix);

}  // namespace egress
