// Reading the whole table back, as of one generation.
#pragma once

#include "adapters/netlink/socket.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::netlink {

Result<nft::Snapshot> read_snapshot(Socket& socket, const nft::Base& expected);

}  // namespace egress::netlink
