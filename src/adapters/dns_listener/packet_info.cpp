#include "adapters/dns_listener/packet_info.hpp"

#include <cstring>

#include "adapters/dns_listener/socket_address.hpp"

namespace egress::dns_listener {
namespace {

template <class Info>
void attach(msghdr& header, int level, int type, const Info& info) {
  header.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(control), &info, sizeof info);
}

template <class Info>
Info read(const cmsghdr& control) {
  Info info{};
  std::memcpy(&info, CMSG_DATA(&control), sizeof info);
  return info;
}

}  // namespace

void PacketInfo::put(msghdr& header, int domain, const Arrival& from) {
  header.msg_control = octets_.data();
  if (domain == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst = to_in_addr(from.local);
    attach(header, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_addr = to_in6_addr(from.local);
    info.ipi6_ifindex = needs_interface(from.local) ? from.interface : 0;
    attach(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

// The IPv4 address is ipi_spec_dst, which for a broadcast is one of ours that can answer it.
std::optional<Arrival> PacketInfo::get(msghdr& header) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      const auto info = read<in_pktinfo>(*control);
      return Arrival{to_address(info.ipi_spec_dst), static_cast<std::uint32_t>(info.ipi_ifindex)};
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      const auto info = read<in6_pktinfo>(*control);
      return Arrival{to_address(info.ipi6_addr), info.ipi6_ifindex};
    }
  }
  return std::nullopt;
}

}  // namespace egress::dns_listener
