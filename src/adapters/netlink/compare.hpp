// The live table against the layout that it should have.
#pragma once

#include <string>
#include <vector>

#include "adapters/netlink/dump.hpp"
#include "adapters/netlink/rule_text.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {

// One line for each difference, in nft's words where there are any; empty: the same. `contents`
// holds the anonymous sets of the live table, `holder` whose the table should be.
std::vector<std::string> deviations(const LiveTable& live, const AnonymousContents& contents,
                                    const nft::Layout& expected, const Holder& holder = {});

// Whether it is a base chain that `expected` has just so.
bool stands_as_base(const nftnl_chain* live, const nft::Layout& expected);

// Whether the sets and counters of the live table are those of `expected`, and nothing is beside
// them but chains: then they can stay when the rules are replaced.
bool has_same_sets(const LiveTable& live, const nft::Layout& expected);

}  // namespace egress::netlink
