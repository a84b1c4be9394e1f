#include "adapters/host/device.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace egress::host {
namespace {

std::string text(Octets octets) {
  return {octets.begin(), std::ranges::find(octets, 0)};
}

// A veth's and a tunnel's IFLA_LINK is no device that its frames leave by.
bool stands_on_another(const std::string& kind) {
  constexpr std::array<std::string_view, 6> kKinds{"vlan",   "macvlan", "macvtap",
                                                   "ipvlan", "ipvtap",  "macsec"};
  return std::ranges::find(kKinds, kind) != kKinds.end();
}

std::uint32_t index_in(Octets message, std::uint16_t type) {
  const Octets index = attribute(message, sizeof(ifinfomsg), type);
  return index.empty() ? 0 : read<std::uint32_t>(index);
}

}  // namespace

Device read_device(Octets message) {
  const auto device = read<ifinfomsg>(message);
  const Octets info = attribute(message, sizeof(ifinfomsg), IFLA_LINKINFO);
  // What the device is to the one that it belongs to.
  const std::string part = text(attribute(info, 0, IFLA_INFO_SLAVE_KIND));
  const std::string kind = text(attribute(info, 0, IFLA_INFO_KIND));
  const bool is_elsewhere = !attribute(message, sizeof(ifinfomsg), IFLA_LINK_NETNSID).empty();
  const std::uint32_t master = index_in(message, IFLA_MASTER);
  return {.name = text(attribute(message, sizeof(ifinfomsg), IFLA_IFNAME)),
          .index = static_cast<std::uint32_t>(device.ifi_index),
          .flags = device.ifi_flags,
          .kind = kind,
          .data = attribute(info, 0, IFLA_INFO_DATA),
          .bridge = part == "bridge" ? master : 0,
          .group = part == "bond" || part == "team" ? master : 0,
          .lower = stands_on_another(kind) && !is_elsewhere ? index_in(message, IFLA_LINK) : 0};
}

}  // namespace egress::host
