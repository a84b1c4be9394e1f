#include <algorithm>

#include "egress/policy/policy.hpp"

namespace egress::policy {

Entries::Entries(std::vector<AllowEntry> entries) {
  std::ranges::stable_sort(entries, {}, &AllowEntry::target);
  const auto is_repeated = [](const AllowEntry& before, const AllowEntry& entry) {
    return before.target() == entry.target();
  };
  entries.erase(std::unique(entries.begin(), entries.end(), is_repeated), entries.end());
  for (AllowEntry& entry : entries)
    pointers_.push_back(std::make_shared<const AllowEntry>(std::move(entry)));
}

Entries::Pointers::const_iterator Entries::lower_bound(std::string_view target) const {
  return std::ranges::lower_bound(pointers_, target, {},
                                  [](const Pointer& entry) { return entry->target(); });
}

const AllowEntry* Entries::find(std::string_view target) const {
  const auto at = lower_bound(target);
  return at != pointers_.end() && (*at)->target() == target ? at->get() : nullptr;
}

bool Entries::operator==(const Entries& other) const {
  return std::ranges::equal(
      pointers_, other.pointers_, {}, [](const Pointer& p) { return *p; },
      [](const Pointer& p) { return *p; });
}

EntriesChange change(const Entries& before, const Entries& after) {
  EntriesChange change;
  auto old_one = before.pointers().begin();
  auto new_one = after.pointers().begin();
  const auto old_end = before.pointers().end();
  const auto new_end = after.pointers().end();
  while (old_one != old_end && new_one != new_end) {
    if (*old_one == *new_one) {
      ++old_one;
      ++new_one;
    } else if (const auto order = (*old_one)->target() <=> (*new_one)->target(); order < 0) {
      change.gone.push_back(*old_one++);
    } else if (order > 0) {
      change.come.push_back(*new_one++);
    } else {
      change.gone.push_back(*old_one++);
      change.come.push_back(*new_one++);
    }
  }
  change.gone.insert(change.gone.end(), old_one, old_end);
  change.come.insert(change.come.end(), new_one, new_end);
  return change;
}

}  // namespace egress::policy
