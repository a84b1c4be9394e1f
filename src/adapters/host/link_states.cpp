#include "adapters/host/link_states.hpp"

#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>

#include "adapters/host/device.hpp"

namespace egress::host {
namespace {

struct Told {
  LinkState state;
  std::uint32_t bridge = 0;  // its index
};

Told told(const Device& device) {
  const bool is_written = device.kind == "tun";
  const Octets owner = is_written ? attribute(device.data, 0, IFLA_TUN_OWNER) : Octets();
  return {{.name = device.name,
           .is_up = (device.flags & IFF_UP) != 0,
           .is_written = is_written,
           .writer = owner.empty() ? std::nullopt : std::optional(read<std::uint32_t>(owner))},
          device.bridge};
}

}  // namespace

Result<std::vector<LinkState>> link_states() {
  std::map<std::uint32_t, Told> by_index;
  const ifinfomsg any{};
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETLINK, octets_of(any), [&] { by_index.clear(); },
      [&](Octets message) {
        const Device device = read_device(message);
        by_index[device.index] = told(device);
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
