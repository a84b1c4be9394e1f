// The real nft::Kernel: nf_tables and conntrack over netlink (libnftnl, libmnl).
#pragma once

#include <memory>

#include "egress/core/result.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::netlink {

// Opens the netlink socket in the network namespace of the calling thread, where the kernel stays
// from then on, and probes in scratch tables what the kernel can do. Features beyond `ceiling` are
// left unused. An error says what is missing (the right, nf_tables) and how to get it.
Result<std::unique_ptr<nft::Kernel>> open_kernel(const nft::Capabilities& ceiling = {});

}  // namespace egress::netlink
