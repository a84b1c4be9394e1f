// The real kernel inside a namespace of the test.
#pragma once

#include <memory>

#include "adapters/netlink/netlink_kernel.hpp"
#include "support/address.hpp"
#include "support/linux_version.hpp"
#include "support/netns.hpp"

namespace egress::test {

inline std::unique_ptr<netlink::NetlinkKernel> open_kernel(const NetworkNamespace& netns,
                                                           const nft::Capabilities& ceiling = {}) {
  return in_namespace(netns.name(), [&] { return netlink::open_kernel(ceiling).value(); });
}

// With a table that others can change, as the test itself does.
inline std::unique_ptr<netlink::NetlinkKernel> open_shared_kernel(const NetworkNamespace& netns) {
  return open_kernel(netns, {.owns = false});
}

// By its version. What is not named is in every kernel that the tests run on.
inline nft::Capabilities of_this_linux() {
  return {.updates_timeout = is_linux(6, 12),
          .destroys = is_linux(6, 3),
          .owns = is_linux(6, 9),
          .filters_frames = is_linux(5, 16)};
}

}  // namespace egress::test
