// The live table against the layout that it should have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/netlink/dump.hpp"
#include "adapters/netlink/encode.hpp"
#include "adapters/netlink/rule_text.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {

// One line for each difference, in nft's words where there are any; empty: the same. `contents`
// holds the anonymous sets of the live table, `holder` whose the table should be.
std::vector<std::string> deviations(const LiveTable& live, const AnonymousContents& contents,
                                    const nft::Layout& expected, const Holder& holder = {});

// The parts of a live table, by what a replacement does with them.
struct Division {
  Parts kept;     // those that `expected` has just so; of chains only base chains
  Parts surplus;  // all others
};
// Empty: it has parts of a kind that egressd never makes.
std::optional<Division> divide(const LiveTable& live, const nft::Layout& expected);

}  // namespace egress::netlink
