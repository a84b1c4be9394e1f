// A network device as RTM_GETLINK tells of it, rtnetlink(7).
#pragma once

#include <cstdint>
#include <string>

#include "adapters/host/netlink_dump.hpp"

namespace egress::host {

struct Device {
  std::string name;
  std::uint32_t index = 0;
  std::uint32_t flags = 0;   // IFF_...
  std::string kind;          // "bridge", "tun", ...; empty: a card
  Octets data;               // IFLA_INFO_DATA, which is the kind's own; as long as the message
  std::uint32_t bridge = 0;  // the index of the one that it is a port of; 0: of none
  std::uint32_t group = 0;   // the same of the bond or team that it is part of
  std::uint32_t lower = 0;   // the same of the device of this namespace that it stands on
};
Device read_device(Octets message);

}  // namespace egress::host
