#include "adapters/host/device.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace egress::host {
namespace {

std::string text(Octets octets) {
  return {octets.begin(), std::ranges::find(octets, 0)};
}

}  // namespace

Device read_device(Octets message) {
  const auto device = read<ifinfomsg>(message);
  const Octets info = attribute(message, sizeof(ifinfomsg), IFLA_LINKINFO);
  // What the device is to the one that it belongs to.
  const bool is_port = text(attribute(info, 0, IFLA_INFO_SLAVE_KIND)) == "bridge";
  const auto master = read<std::uint32_t>(attribute(message, sizeof(ifinfomsg), IFLA_MASTER));
  return {.name = text(attribute(message, sizeof(ifinfomsg), IFLA_IFNAME)),
          .index = static_cast<std::uint32_t>(device.ifi_index),
          .flags = device.ifi_flags,
          .kind = text(attribute(info, 0, IFLA_INFO_KIND)),
          .data = attribute(info, 0, IFLA_INFO_DATA),
          .bridge = is_port ? master : 0};
}

}  // namespace egress::host
