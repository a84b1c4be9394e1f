// Tracked connections, over ctnetlink.
#pragma once

#include <functional>
#include <span>

#include "adapters/netlink/socket.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::netlink {

// Marks the connections for which `selects` is true, and which were not marked before; how many.
Result<std::size_t> cut_flows(Socket& socket, const std::function<bool(const nft::Flow&)>& selects);

// Deletes the connections for which `selects` is true; how many.
Result<std::size_t> forget_flows(Socket& socket,
                                 const std::function<bool(const nft::Flow&)>& selects);

// Makes sessions known: see nft::Kernel::adopt_flows.
Result<nft::Adopted> adopt_flows(Socket& socket, std::span<const nft::Session> sessions);

Result<nft::FlowCount> count_flows(Socket& socket);

// Whether connections can be listed at all.
bool can_list_flows(Socket& socket);

}  // namespace egress::netlink
