#include "adapters/host/links.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <string>

#include "adapters/host/netlink_dump.hpp"
#include "adapters/host/rtnetlink.hpp"

namespace egress::host {
namespace {

std::string text(Octets octets) {
  const auto end = std::ranges::find(octets, 0);
  return {octets.begin(), end};
}

nft::Link link(Octets message) {
  const auto device = read<ifinfomsg>(message);
  // What the device is to the one that it belongs to.
  const Octets kind =
      attribute(attribute(message, sizeof(ifinfomsg), IFLA_LINKINFO), 0, IFLA_INFO_SLAVE_KIND);
  return {.name = text(attribute(message, sizeof(ifinfomsg), IFLA_IFNAME)),
          .index = static_cast<std::uint32_t>(device.ifi_index),
          .is_loopback = (device.ifi_flags & IFF_LOOPBACK) != 0,
          .is_bridge_port = text(kind) == "bridge"};
}

}  // namespace

Result<std::vector<nft::Link>> links() {
  std::vector<nft::Link> found;
  const ifinfomsg any{};
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETLINK, octets_of(any), [&] { found.clear(); },
      [&](Octets message) { found.push_back(link(message)); });
  if (!listed) return tl::unexpected(listed.error());
  std::ranges::sort(found);
  return found;
}

Result<LinkWatch> LinkWatch::open() {
  auto socket = follow(RTMGRP_LINK);
  if (!socket) return tl::unexpected(socket.error());
  LinkWatch watch(*std::move(socket));
  auto found = host::links();  // after the socket: a change in between is noticed
  if (!found) return tl::unexpected(found.error());
  watch.links_ = *std::move(found);
  return watch;
}

Result<bool> LinkWatch::dispatch() {
  drain(socket_.get());
  auto found = host::links();
  if (!found) return tl::unexpected(found.error());
  if (*found == links_) return false;
  links_ = *std::move(found);
  return true;
}

}  // namespace egress::host
