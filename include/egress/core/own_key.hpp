// What egressd's own questions carry, so that nobody else can pass for it.
#pragma once

#include <cstdint>

namespace egress {

// CAP_NET_RAW, which a container has by default, suffices to set either (net/core/sock.c), so both
// are secrets, drawn at each start. They never leave the chain that looks at them.
struct OwnKey {
  std::uint32_t mark = 0x65001064;      // SO_MARK
  std::uint32_t priority = 0x65677264;  // SO_PRIORITY
  bool operator==(const OwnKey&) const = default;
};

// The bits of a mark to which neither Cilium, kube-proxy, Calico nor Tailscale give a meaning: no
// rule of theirs takes a mark of ours for one of its own.
inline constexpr std::uint32_t kFreeMarkBits = 0xff0010ff;

}  // namespace egress
