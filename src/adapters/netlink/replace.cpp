#include "adapters/netlink/replace.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "adapters/netlink/compare.hpp"
#include "adapters/netlink/snapshot.hpp"

namespace egress::netlink {
namespace {

bool is_interval(const nft::Change& change) {
  return change.key.set == nft::SetId::nets;
}

// What an owner has left behind: without the flag, and nobody's.
bool is_orphan_of(const Holder& owner, const Holder& live) {
  return owner.port != 0 && live == Holder{owner.flags & ~kOwnerFlag, 0};
}

// Each element keeps the rate with which it was made, or tells of a link that may be held no more.
bool has_old_shares(const nft::SetDefinition& set) {
  return set.key == nft::SetDefinition::Key::link || set.key == nft::SetDefinition::Key::user;
}

// 0, and the table stands as it should, or standing is empty; or an errno.
int read(Socket& socket, const std::string& table, const nft::Layout& desired, const Holder& holder,
         std::optional<Standing>& standing) {
  standing.reset();
  LiveTable live;
  if (const int error = dump_table(socket, table, live); error != 0 || !live.is_present)
    return error;
  Standing found{.is_orphan = is_orphan_of(holder, live.holder)};
  const bool is_held = found.is_orphan || live.holder == holder;
  if (!is_held || !has_same_sets(live, desired)) return 0;
  for (const ChainPtr& chain : live.chains)
    (stands_as_base(chain.get(), desired) ? found.kept : found.chains)
        .emplace_back(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME));
  for (const Family family : kFamilies) {
    const int error = read_elements(socket, table, nft::SetId::nets, family, found.intervals);
    if (error != 0) return error;
  }
  standing = std::move(found);
  return 0;
}

}  // namespace

std::optional<Standing> read_standing(Socket& socket, const std::string& table,
                                      const nft::Layout& desired, const Holder& holder) {
  std::optional<Standing> standing;
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const int error = read(socket, table, desired, holder, standing);
    if (error == 0) return standing;
    if (!is_interrupted(error)) break;
  }
  return std::nullopt;
}

void replace_rules(Batch& batch, const std::string& table, const nft::Layout& desired,
                   const Standing& standing) {
  delete_rules(batch, table);
  for (const std::string& chain : standing.chains) delete_chain(batch, table, chain);
  for (const nft::SetDefinition& set : desired.sets) {
    if ((!set.is_interval && !set.is_dynamic) || has_old_shares(set))
      flush_set(batch, table, set.name);
  }
  add_chains(batch, table, desired, standing.kept);
}

std::vector<nft::Change> changes(const Standing& standing, std::span<const nft::Change> additions) {
  std::vector<nft::Change> intervals;
  std::vector<nft::Change> all;
  for (const nft::Change& addition : additions)
    (is_interval(addition) ? intervals : all).push_back(addition);
  std::ranges::sort(intervals, {}, &nft::Change::key);
  std::ranges::copy(nft::onto(standing.intervals, intervals), std::back_inserter(all));
  return all;
}

// Where the kernel cannot destroy what may be absent, it is added first, so that deleting it cannot
// fail.
void replace_table(Batch& batch, const std::string& table, const nft::Layout& desired,
                   const nft::Capabilities& capabilities) {
  if (capabilities.destroys) {
    destroy_table(batch, table);
  } else {
    add_table(batch, table);
    delete_table(batch, table);
  }
  add_table(batch, table, ownership(capabilities));
  add_layout(batch, table, desired);
}

Ownership ownership(const nft::Capabilities& capabilities) {
  return capabilities.owns ? Ownership::owned : Ownership::shared;
}

}  // namespace egress::netlink
