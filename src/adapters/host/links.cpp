#include "adapters/host/links.hpp"

#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "adapters/host/device.hpp"
#include "adapters/host/octets.hpp"
#include "adapters/host/rtnetlink.hpp"
#include "egress/core/address_class.hpp"

namespace egress::host {
namespace {

// A shorter prefix holds more than private addresses.
constexpr int kShortestPrivateV4 = 8, kShortestPrivateV6 = 7;

// Written by a user other than root, or by a group: the kernel lists both only where they are set.
bool is_of_user(Octets tun_data) {
  const Octets owner = attribute(tun_data, 0, IFLA_TUN_OWNER);
  const Octets group = attribute(tun_data, 0, IFLA_TUN_GROUP);
  return (!owner.empty() && read<std::uint32_t>(owner) != 0) ||
         (!group.empty() && read<std::uint32_t>(group) != 0);
}

nft::Link link(Octets message) {
  const Device device = read_device(message);
  return {.name = device.name,
          .index = device.index,
          .is_loopback = (device.flags & IFF_LOOPBACK) != 0,
          .kind = device.kind,
          .bridge = device.bridge,
          .lower = device.lower,
          .group = device.group,
          .is_up = (device.flags & IFF_UP) != 0,
          .is_users = device.kind == "tun" && is_of_user(device.data)};
}

enum class Way { nowhere, onwards, everywhere };

bool is_advertised(Octets message) {
  return read<rtmsg>(message).rtm_protocol == RTPROT_RA;
}

// Where a route leads beyond its link: everywhere, or by a gateway to addresses that are not
// private.
Way way_of(Octets message) {
  const auto route = read<rtmsg>(message);
  const bool is_v4 = route.rtm_family == AF_INET;
  if (route.rtm_type != RTN_UNICAST) return Way::nowhere;
  if (route.rtm_dst_len < (is_v4 ? kShortestPrivateV4 : kShortestPrivateV6)) return Way::everywhere;
  const Octets destination = attribute(message, sizeof(rtmsg), RTA_DST);
  const bool has_gateway = !attribute(message, sizeof(rtmsg), RTA_GATEWAY).empty() ||
                           !attribute(message, sizeof(rtmsg), RTA_VIA).empty() ||
                           !attribute(message, sizeof(rtmsg), RTA_MULTIPATH).empty();
  if (!has_gateway || destination.size() != (is_v4 ? 4U : 16U)) return Way::nowhere;
  const AddressClass kind = classify(read_address(route.rtm_family, destination.data()));
  const bool is_near = kind == AddressClass::private_use || kind == AddressClass::link_local;
  return is_near ? Way::nowhere : Way::onwards;
}

// A single address, at the link itself.
bool is_of_host(Octets message) {
  const auto route = read<rtmsg>(message);
  return route.rtm_type == RTN_UNICAST && (route.rtm_flags & RTM_F_CLONED) == 0 &&
         route.rtm_dst_len == (route.rtm_family == AF_INET ? 32 : 128) &&
         attribute(message, sizeof(rtmsg), RTA_GATEWAY).empty() &&
         attribute(message, sizeof(rtmsg), RTA_VIA).empty();
}

// The network that a table other than `main` and `local` routes to a link.
std::optional<Prefix> network_of_other_table(Octets message) {
  const auto route = read<rtmsg>(message);
  const Octets own = attribute(message, sizeof(rtmsg), RTA_TABLE);
  const std::uint32_t table = own.empty() ? route.rtm_table : read<std::uint32_t>(own);
  const Octets destination = attribute(message, sizeof(rtmsg), RTA_DST);
  if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL || route.rtm_type != RTN_UNICAST ||
      destination.size() != (route.rtm_family == AF_INET ? 4U : 16U))
    return std::nullopt;
  const IpAddress first = read_address(route.rtm_family, destination.data());
  const auto prefix = Prefix::parse(first.text() + "/" + std::to_string(route.rtm_dst_len));
  return prefix ? std::optional(*prefix) : std::nullopt;
}

// The devices of a route: its own, or those of its next hops.
std::set<std::uint32_t> devices_of(Octets message) {
  std::set<std::uint32_t> devices;
  const Octets own = attribute(message, sizeof(rtmsg), RTA_OIF);
  if (!own.empty()) devices.insert(read<std::uint32_t>(own));
  Octets hops = attribute(message, sizeof(rtmsg), RTA_MULTIPATH);
  while (hops.size() >= sizeof(rtnexthop)) {
    const auto hop = read<rtnexthop>(hops);
    if (hop.rtnh_len < sizeof hop) break;
    devices.insert(static_cast<std::uint32_t>(hop.rtnh_ifindex));
    const auto length = static_cast<std::size_t>(RTNH_ALIGN(hop.rtnh_len));
    hops = hops.subspan(std::min(length, hops.size()));
  }
  return devices;
}

void take_route(Octets message, std::vector<nft::Link>& links) {
  const Way way = way_of(message);
  const auto network = way == Way::nowhere ? network_of_other_table(message) : std::nullopt;
  const bool is_host = is_of_host(message);
  if (way == Way::nowhere && !network && !is_host) return;
  const std::set<std::uint32_t> devices = devices_of(message);
  for (nft::Link& link : links) {
    if (!devices.contains(link.index)) continue;
    if (way == Way::everywhere) {
      link.is_told_default =
          is_advertised(message) && (link.is_told_default || !link.has_default_route);
      link.has_default_route = true;
    }
    link.leads_on |= way == Way::onwards;
    link.has_hosts |= is_host;
    if (network) link.routed.push_back(*network);
  }
}

Result<void> add_routes(std::vector<nft::Link>& links) {
  const std::vector<nft::Link> without = links;
  const rtmsg any_family{};
  return dump(
      NETLINK_ROUTE, RTM_GETROUTE, octets_of(any_family), [&] { links = without; },
      [&](Octets message) { take_route(message, links); });
}

// IFA_LOCAL is this host's end; IFA_ADDRESS is that of the far one where there are two.
void take_address(Octets message, std::vector<nft::Link>& links) {
  const auto address = read<ifaddrmsg>(message);
  const Octets local = attribute(message, sizeof(ifaddrmsg), IFA_LOCAL);
  if (address.ifa_family != AF_INET || local.size() != 4) return;
  for (nft::Link& link : links)
    if (link.index == address.ifa_index && !link.v4) link.v4 = read_address(AF_INET, local.data());
}

Result<void> add_addresses(std::vector<nft::Link>& links) {
  const std::vector<nft::Link> without = links;
  ifaddrmsg v4{};
  v4.ifa_family = AF_INET;
  return dump(
      NETLINK_ROUTE, RTM_GETADDR, octets_of(v4), [&] { links = without; },
      [&](Octets message) { take_address(message, links); });
}

}  // namespace

Result<std::vector<nft::Link>> links() {
  std::vector<nft::Link> found;
  const ifinfomsg any{};
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETLINK, octets_of(any), [&] { found.clear(); },
      [&](Octets message) { found.push_back(link(message)); });
  if (!listed) return tl::unexpected(listed.error());
  if (auto added = add_routes(found); !added) return tl::unexpected(added.error());
  if (auto added = add_addresses(found); !added) return tl::unexpected(added.error());
  for (nft::Link& one : found) std::ranges::sort(one.routed);
  std::ranges::sort(found);
  return found;
}

namespace {

// Other routes say nothing of links, and may change often.
bool is_of_interest(const nlmsghdr& header, Octets body) {
  const bool is_route = header.nlmsg_type == RTM_NEWROUTE || header.nlmsg_type == RTM_DELROUTE;
  return !is_route || way_of(body) != Way::nowhere || network_of_other_table(body) ||
         is_of_host(body);
}

// Reads all that has come. Whether it may say something about links; what was lost may.
bool read_notices(int socket) {
  std::array<std::uint8_t, 32 << 10> buffer{};
  bool is_news = false;
  while (true) {
    const ssize_t got = recv(socket, buffer.data(), buffer.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      is_news = true;
      continue;
    }
    if (got < 0) return is_news;
    if (static_cast<std::size_t>(got) > buffer.size()) {
      is_news = true;
      continue;
    }
    Octets datagram = Octets(buffer).first(static_cast<std::size_t>(got));
    while (datagram.size() >= sizeof(nlmsghdr)) {
      const auto header = read<nlmsghdr>(datagram);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) break;
      is_news = is_news ||
                is_of_interest(header, datagram.first(header.nlmsg_len).subspan(sizeof header));
      datagram =
          datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
  }
}

}  // namespace

Result<LinkWatch> LinkWatch::open() {
  auto socket = follow(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
  if (!socket) return tl::unexpected(socket.error());
  LinkWatch watch(*std::move(socket));
  auto found = host::links();  // after the socket: a change in between is noticed
  if (!found) return tl::unexpected(found.error());
  watch.links_ = *std::move(found);
  return watch;
}

Result<bool> LinkWatch::dispatch() {
  if (!read_notices(socket_.get())) return false;
  auto found = host::links();
  if (!found) return tl::unexpected(found.error());
  if (*found == links_) return false;
  links_ = *std::move(found);
  return true;
}

}  // namespace egress::host
