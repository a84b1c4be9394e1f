// Room in the connection tracking, where flows that never leave this host have taken too much of it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "egress/core/result.hpp"
#include "egress/core/time.hpp"
#include "egress/engine/engine.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::engine {

// How long the flows of each side have left.
using Crowd = std::map<std::string, std::vector<seconds>>;

// Of each side the flows that have no more left than this go, so that the order is carried out. Only the largest
// sides lose any, and those flows of theirs first that would end first.
std::map<std::string, seconds> cutoffs(Crowd crowd, const ForgetCrowd& order);

// Lists the flows, decides, and forgets; how many. Takes a time that grows with their number.
Result<std::size_t> thin_out(nft::Kernel& kernel, const Engine& engine, const ForgetCrowd& order,
                             Instant now);

}  // namespace egress::engine
