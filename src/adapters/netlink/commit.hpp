// Sending a batch and understanding what comes back.
#pragma once

#include "adapters/netlink/batch.hpp"
#include "adapters/netlink/socket.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::netlink {

// Sends the batch whole and waits for its acknowledgement. The message of a refusal names the
// object at fault, the kernel's error and what to do. After `unknown` the socket must be opened
// anew.
nft::CommitOutcome commit(Socket& socket, Batch& batch);

}  // namespace egress::netlink
