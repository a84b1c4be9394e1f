// Sockets that the service manager holds for us (sd_listen_fds(3)).
#pragma once

#include <string_view>
#include <vector>

namespace egress::systemd {

// The descriptors that were passed under this name (FileDescriptorName=), the caller's from now on; empty without a
// manager, or when it passed none.
std::vector<int> listening_sockets(std::string_view name);

}  // namespace egress::systemd
