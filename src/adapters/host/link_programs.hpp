// What is attached to the network devices of this namespace beside netfilter: programs and filters
// that see frames before or after it.
#pragma once

#include <string>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::host {

struct LinkProgram {
  std::string link;
  enum class Kind { xdp, tc_egress } kind = Kind::xdp;
};
Result<std::vector<LinkProgram>> link_programs();

}  // namespace egress::host
