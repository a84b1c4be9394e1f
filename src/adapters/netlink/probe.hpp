// What this kernel can do, found by doing it.
#pragma once

#include "adapters/netlink/socket.hpp"
#include "egress/nft/transaction.hpp"

namespace egress::netlink {

// Tries each feature alone in a scratch table, none of whose rules a packet meets and which is gone
// afterwards, so that a missing feature lowers only itself. An error: not even an empty table can
// be made.
Result<nft::Capabilities> probe(Socket& socket);

}  // namespace egress::netlink
