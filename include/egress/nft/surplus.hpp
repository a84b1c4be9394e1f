// Which of the destinations that were refused lately are forgotten, so that there is room for others.
#pragma once

#include <cstddef>
#include <vector>

#include "egress/nft/kernel.hpp"

namespace egress::nft {

// Those beyond `kept`. Each second in which destinations were last refused keeps an equal share: who
// sends to thousands takes nothing from the quiet seconds before and after. In a second those stay
// to which most packets went. Where even one of each second is too much, the oldest go first.
std::vector<Endpoint> surplus(std::vector<Count> all, std::size_t kept);

}  // namespace egress::nft
