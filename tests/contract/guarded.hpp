// The DNS guard of these tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "egress/nft/ruleset.hpp"

namespace egress::test {

inline constexpr nft::DnsGuard kGuard{.port = 5353, .user = 990};

inline nft::Base guarded(std::vector<std::string> held = {}) {
  nft::Base base;
  base.forward = std::move(held);
  base.dns_guard = kGuard;
  return base;
}

}  // namespace egress::test
