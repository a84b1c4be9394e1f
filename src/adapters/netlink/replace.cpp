#include "adapters/netlink/replace.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

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

bool is_kept(const Standing& standing, const std::string& set) {
  return std::ranges::find(standing.parts.kept.sets, set) != standing.parts.kept.sets.end();
}

// 0, and the table stands as it should, or standing is empty; or an errno.
int read(Socket& socket, const std::string& table, const nft::Layout& desired, const Holder& holder,
         std::optional<Standing>& standing) {
  standing.reset();
  LiveTable live{.family = protocol_family(desired.family)};
  if (const int error = dump_table(socket, table, live); error != 0 || !live.is_present)
    return error;
  Standing found{.is_orphan = is_orphan_of(holder, live.holder)};
  const bool is_held = found.is_orphan || live.holder == holder;
  auto parts = divide(live, desired);
  if (!is_held || !parts) return 0;
  found.parts = *std::move(parts);
  for (const Family family : kFamilies) {
    if (!is_kept(found, nft::set_name(nft::SetId::nets, family))) continue;
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
  delete_parts(batch, table, standing.parts.surplus);
  for (const nft::SetDefinition& set : desired.sets) {
    const bool is_to_be_filled = (!set.is_interval && !set.is_dynamic) || has_old_shares(set);
    if (is_to_be_filled && is_kept(standing, set.name)) flush_set(batch, table, set.name);
  }
  add_layout(batch, table, desired, standing.parts.kept);
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
