// The network devices of this network namespace as a person knows them. Asked for by netlink: what
// stands below /sys is that of the namespace in which it was mounted.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::host {

struct LinkState {
  std::string name;
  std::string bridge{};  // that it is a port of; empty: of none
  bool is_up = true;
  bool is_written = false;        // a program writes its packets (tun, tap)
  std::optional<uid_t> writer{};  // who may, without a right of his own
};

// Sorted by name, with loopback.
Result<std::vector<LinkState>> link_states();

}  // namespace egress::host
