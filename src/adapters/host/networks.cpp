#include "adapters/host/networks.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <optional>

#include "adapters/host/netlink_dump.hpp"
#include "adapters/host/octets.hpp"

namespace egress::host {
namespace {

std::string interface_name(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(index, name.data()) != nullptr ? name.data() : "";
}

std::optional<Network> network(Octets message) {
  const auto route = read<rtmsg>(message);
  const Octets destination = attribute(message, sizeof(rtmsg), RTA_DST);
  const Octets interface = attribute(message, sizeof(rtmsg), RTA_OIF);
  if (route.rtm_type != RTN_UNICAST || route.rtm_dst_len == 0 || interface.empty() ||
      destination.size() != (route.rtm_family == AF_INET ? 4U : 16U))
    return std::nullopt;
  const IpAddress first = read_address(route.rtm_family, destination.data());
  auto prefix = Prefix::parse(first.text() + "/" + std::to_string(route.rtm_dst_len));
  if (!prefix) return std::nullopt;
  return Network{*prefix, interface_name(read<std::uint32_t>(interface))};
}

}  // namespace

Result<std::vector<Network>> networks() {
  std::vector<Network> found;
  const rtmsg any_family{};
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETROUTE, octets_of(any_family), [&] { found.clear(); },
      [&](Octets message) {
        if (auto one = network(message)) found.push_back(std::move(*one));
      });
  if (!listed) return tl::unexpected(listed.error());
  return found;
}

}  // namespace egress::host
