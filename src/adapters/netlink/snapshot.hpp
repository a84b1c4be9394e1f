// Reading the whole table back, as of one generation.
#pragma once

#include "adapters/netlink/dump.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::netlink {

// `holder`: whose the table should be.
Result<nft::Snapshot> read_snapshot(Socket& socket, const nft::Base& expected,
                                    const Holder& holder);

}  // namespace egress::netlink
