#include "adapters/netlink/replace.hpp"

#include <algorithm>
#include <iterator>

#include "adapters/netlink/compare.hpp"
#include "adapters/netlink/snapshot.hpp"

namespace egress::netlink {
namespace {

bool is_interval(const nft::Change& change) {
  return change.key.set == nft::SetId::nets;
}

// One that its owner left behind has lost the flag, and can be adopted.
bool can_be_held(const Holder& holder, Ownership ownership, std::uint32_t port) {
  if (ownership == Ownership::shared) return holder == Holder{};
  return holder == Holder{kOwnedFlags, port} || holder == Holder{kOwnedFlags & ~kOwnerFlag, 0};
}

}  // namespace

std::optional<Standing> read_standing(Socket& socket, const std::string& table,
                                      const nft::Layout& desired, Ownership ownership) {
  LiveTable live;
  if (dump_table(socket, table, live) != 0 || !live.is_present) return std::nullopt;
  if (!can_be_held(live.holder, ownership, socket.port()) || !has_same_sets(live, desired))
    return std::nullopt;
  Standing standing;
  for (const ChainPtr& chain : live.chains)
    standing.chains.emplace_back(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME));
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (read_elements(socket, table, nft::SetId::nets, family, standing.intervals) != 0)
      return std::nullopt;
  }
  return standing;
}

void replace_rules(Batch& batch, const std::string& table, const nft::Layout& desired,
                   const Standing& standing, Ownership ownership) {
  add_table(batch, table, ownership);  // one that nobody owns becomes ours
  delete_rules(batch, table);
  for (const std::string& chain : standing.chains) delete_chain(batch, table, chain);
  for (const nft::SetDefinition& set : desired.sets) {
    if (!set.is_interval && !set.is_dynamic) flush_set(batch, table, set.name);
  }
  add_chains(batch, table, desired);
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
