// The last-known-good addresses, kept across restarts. A text for people to read:
//
//   egressd known addresses, version 1
//   api.example.com 192.0.2.1 2026-01-31T23:59:59Z
//   checksum 0a1b2c3d
//
// The checksum is the CRC-32 of IEEE 802.3 over all lines before it. It finds damage, not malice:
// the directory's permissions keep strangers out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egress/core/result.hpp"
#include "egress/core/time.hpp"
#include "egress/dns/known_address.hpp"

namespace egress::state {

// The first of them, as many as the file may hold (limits::kKnownAddressesBytes).
std::string print_known_addresses(const std::vector<dns::KnownAddress>& known);
// An error for every text that print_known_addresses() does not make.
Result<std::vector<dns::KnownAddress>> parse_known_addresses(std::string_view text);

// The addresses of the file whose time is after `now`; none if there is no file. After an error the
// caller sets the file aside and goes on without. Times far ahead (a clock that was wrong) are the
// caller's to clamp.
Result<std::vector<dns::KnownAddress>> read_known_addresses(const std::string& path, WallTime now);
// Those of names that are written out come first. An error, too, where not all of these have room:
// the others are written all the same.
Result<void> write_known_addresses(const std::string& path, std::vector<dns::KnownAddress> known);

}  // namespace egress::state
