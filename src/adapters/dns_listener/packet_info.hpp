// The control data of a datagram: which address of ours it was sent to, or leaves from.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "egress/core/ip_address.hpp"

namespace egress::dns_listener {

struct Arrival {
  IpAddress local;
  std::uint32_t interface = 0;
};

// Room for one IP_PKTINFO or IPV6_PKTINFO.
class PacketInfo {
 public:
  std::uint8_t* data() { return octets_.data(); }
  static constexpr std::size_t room() { return CMSG_SPACE(sizeof(in6_pktinfo)); }

  // Has the message leave from `local`; `header` then points here. Without an address that needs
  // it the interface is left to the routes.
  void put(msghdr& header, int domain, const Arrival& from);
  // What the kernel noted with a received message; empty when it did not.
  static std::optional<Arrival> get(msghdr& header);

 private:
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> octets_{};
};

}  // namespace egress::dns_listener
