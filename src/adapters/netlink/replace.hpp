// How a table takes the place of the one that stands, within one batch.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/netlink/batch.hpp"
#include "adapters/netlink/compare.hpp"
#include "adapters/netlink/dump.hpp"
#include "adapters/netlink/encode.hpp"
#include "adapters/netlink/socket.hpp"
#include "egress/nft/kernel.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {

// What must be known of the table that stands, so that it can be changed into another.
struct Standing {
  bool is_orphan = false;  // to be adopted first
  Division parts{};
  std::vector<nft::LiveElement> intervals{};  // of the sets that are kept; sorted by key
};

// `holder`: whose the table should be. Empty: it is missing, has parts of a kind that egressd never
// makes, is somebody else's or has other flags, or it cannot be read.
std::optional<Standing> read_standing(Socket& socket, const std::string& table,
                                      const nft::Layout& desired, const Holder& holder);

// Swaps the rules, and keeps what both tables have. Base chains, because at a hook Linux asks which
// of two generations it is for each base chain by itself (nft_do_chain()), so that a packet could
// meet the new one while it is still empty, and the old one when it is empty already. Hashes are
// emptied, to be filled again in the same batch; what counts goes on. The elements of interval sets
// are left to changes(): Linux shows those of a set that is emptied and filled to packets a moment
// after the rules of the same commit.
void replace_rules(Batch& batch, const std::string& table, const nft::Layout& desired,
                   const Standing& standing);
std::vector<nft::Change> changes(const Standing& standing, std::span<const nft::Change> additions);

// Deletes the table, if there is one, and makes it anew.
void replace_table(Batch& batch, const std::string& table, const nft::Layout& desired,
                   const nft::Capabilities& capabilities);

Ownership ownership(const nft::Capabilities& capabilities);

}  // namespace egress::netlink
