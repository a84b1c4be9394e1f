// Reads the tables beside ours.
#pragma once

#include <vector>

#include "adapters/netlink/socket.hpp"
#include "egress/nft/others.hpp"

namespace egress::netlink {

// All but `inet egressd` and `netdev egressd`, sorted by family and name. Needs CAP_NET_ADMIN
// (EPERM).
Result<std::vector<nft::OtherTable>> other_tables(Socket& socket);

}  // namespace egress::netlink
