// Which networks lie behind which interface, by the routes of this network namespace.
#pragma once

#include <string>
#include <vector>

#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"

namespace egress::host {

struct Network {
  Prefix prefix;
  std::string interface;
};

// Default routes are no networks.
Result<std::vector<Network>> networks();

}  // namespace egress::host
