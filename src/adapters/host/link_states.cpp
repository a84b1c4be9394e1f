#include "adapters/host/link_states.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>

#include "adapters/host/netlink_dump.hpp"

namespace egress::host {
namespace {

std::string text(Octets octets) {
  return {octets.begin(), std::ranges::find(octets, 0)};
}

struct Told {
  LinkState state;
  std::uint32_t bridge = 0;  // its index
};

Told told(Octets message) {
  const auto device = read<ifinfomsg>(message);
  const Octets info = attribute(message, sizeof(ifinfomsg), IFLA_LINKINFO);
  const bool is_port = text(attribute(info, 0, IFLA_INFO_SLAVE_KIND)) == "bridge";
  Told link{{.name = text(attribute(message, sizeof(ifinfomsg), IFLA_IFNAME)),
             .is_up = (device.ifi_flags & IFF_UP) != 0,
             .is_written = text(attribute(info, 0, IFLA_INFO_KIND)) == "tun"}};
  if (is_port)
    link.bridge = read<std::uint32_t>(attribute(message, sizeof(ifinfomsg), IFLA_MASTER));
  const Octets data = attribute(info, 0, IFLA_INFO_DATA);
  const Octets owner = attribute(data, 0, IFLA_TUN_OWNER);
  if (link.state.is_written && !owner.empty()) link.state.writer = read<std::uint32_t>(owner);
  return link;
}

}  // namespace

Result<std::vector<LinkState>> link_states() {
  std::map<std::uint32_t, Told> by_index;
  const ifinfomsg any{};
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETLINK, octets_of(any), [&] { by_index.clear(); },
      [&](Octets message) {
        by_index[static_cast<std::uint32_t>(read<ifinfomsg>(message).ifi_index)] = told(message);
      });
  if (!listed) return tl::unexpected(listed.error());
  std::vector<LinkState> states;
  for (const auto& [index, link] : by_index) {
    states.push_back(link.state);
    const auto bridge = by_index.find(link.bridge);
    if (bridge != by_index.end()) states.back().bridge = bridge->second.state.name;
  }
  std::ranges::sort(states, {}, &LinkState::name);
  return states;
}

}  // namespace egress::host
