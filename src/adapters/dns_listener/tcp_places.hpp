// How the clients of the TCP side share its places: pure.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>

#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"

namespace egress::dns_listener {

// Whose a connection is. A program of this host has as many addresses as it likes, so it counts by
// its user; what comes by a held link counts by its address, and with all others of that link,
// where again one machine may have many.
struct Holder {
  std::optional<uid_t> user;
  IpAddress link;     // our address on the link, where there is no user
  IpAddress address;  // the client's own there
  auto operator<=>(const Holder&) const = default;
  // The user, or all of the link.
  Holder party() const { return {user, link, IpAddress()}; }
};

struct Place {
  std::uint64_t id = 0;
  Holder holder;
  bool is_asking = false;  // a question is under way
  Instant progress{};      // the last step of the client
};

// Which connection must go so that the newcomer has a place: the longest idle of whoever has the
// most. Empty: there is room.
std::optional<std::uint64_t> leaves_for(const Holder& newcomer, std::span<const Place> places);

}  // namespace egress::dns_listener
