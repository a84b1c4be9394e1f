// Reading the whole table back.
#pragma once

#include "adapters/netlink/dump.hpp"
#include "egress/nft/kernel.hpp"
#include "egress/nft/unheard.hpp"

namespace egress::netlink {

// `holder`: whose the table should be.
Result<nft::Snapshot> read_snapshot(Socket& socket, const nft::Base& expected,
                                    const nft::Listing& listing, const Holder& holder);

Result<nft::FrameSnapshot> read_frame_snapshot(Socket& socket, const nft::FrameFilter& expected,
                                               const Holder& holder);

// The elements of one set of a table, sorted by key. 0 or an errno.
int read_elements(Socket& socket, const std::string& table, nft::SetId set, Family family,
                  std::vector<nft::LiveElement>& elements);

// The destinations that are remembered of refusals. 0 or an errno.
int read_remembered(Socket& socket, const std::string& table, std::vector<nft::Count>& found);

// Which held links' questions were sent to the guard, and which came there. 0 or an errno.
int read_questions(Socket& socket, const std::string& table, std::vector<nft::LinkNoted>& asked,
                   std::vector<nft::LinkNoted>& heard);

// How long ago something was let through to there; empty: nothing is remembered.
std::optional<milliseconds> read_last_hit(Socket& socket, const std::string& table,
                                          const Endpoint& destination);

}  // namespace egress::netlink
