#include "adapters/host/link_programs.hpp"

#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <map>
#include <set>

#include "adapters/host/netlink_dump.hpp"

namespace egress::host {
namespace {

constexpr std::uint32_t kClsactEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);

std::string text(Octets octets) {
  return {octets.begin(), std::ranges::find(octets, 0)};
}

struct Devices {
  std::map<int, std::string> names;
  std::set<int> with_xdp;
};

void take_link(Octets message, Devices& devices) {
  const int index = read<ifinfomsg>(message).ifi_index;
  devices.names[index] = text(attribute(message, sizeof(ifinfomsg), IFLA_IFNAME));
  const Octets xdp = attribute(message, sizeof(ifinfomsg), IFLA_XDP);
  const Octets attached = attribute(xdp, 0, IFLA_XDP_ATTACHED);
  if (!attached.empty() && attached.front() != XDP_ATTACHED_NONE) devices.with_xdp.insert(index);
}

// Those with a queueing discipline to which filters at egress can belong.
Result<std::set<int>> with_clsact() {
  std::set<int> found;
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETQDISC, octets_of(tcmsg{}), [&] { found.clear(); },
      [&](Octets message) {
        if (text(attribute(message, sizeof(tcmsg), TCA_KIND)) == "clsact")
          found.insert(read<tcmsg>(message).tcm_ifindex);
      });
  if (!listed) return tl::unexpected(listed.error());
  return found;
}

Result<bool> has_egress_filter(int index) {
  tcmsg request{};
  request.tcm_ifindex = index;
  request.tcm_parent = kClsactEgress;
  bool found = false;
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETTFILTER, octets_of(request), [&] { found = false; },
      [&](Octets) { found = true; });
  if (!listed) return tl::unexpected(listed.error());
  return found;
}

}  // namespace

Result<std::vector<LinkProgram>> link_programs() {
  Devices devices;
  auto listed = dump(
      NETLINK_ROUTE, RTM_GETLINK, octets_of(ifinfomsg{}), [&] { devices = {}; },
      [&](Octets message) { take_link(message, devices); });
  if (!listed) return tl::unexpected(listed.error());
  std::vector<LinkProgram> programs;
  for (const int index : devices.with_xdp)
    programs.push_back({devices.names[index], LinkProgram::Kind::xdp});
  const auto clsact = with_clsact();
  if (!clsact) return tl::unexpected(clsact.error());
  for (const int index : *clsact) {
    const auto filters = has_egress_filter(index);
    if (!filters) return tl::unexpected(filters.error());
    if (*filters) programs.push_back({devices.names[index], LinkProgram::Kind::tc_egress});
  }
  return programs;
}

}  // namespace egress::host
