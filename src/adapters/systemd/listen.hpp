// Descriptors that the service manager holds for us: those of socket units, and those of its store
// (sd_listen_fds(3)).
#pragma once

#include <string_view>
#include <vector>

namespace egress::systemd {

// The descriptors that were passed under this name (FileDescriptorName= or FDNAME=), the caller's
// from now on; empty without a manager, or when it passed none.
std::vector<int> passed_descriptors(std::string_view name);

}  // namespace egress::systemd
