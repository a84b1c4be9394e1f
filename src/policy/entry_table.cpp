#include "policy/entry_table.hpp"

#include <tuple>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::policy {
namespace {

// The reason is a remark and the risk a warning: neither changes what is allowed.
auto options(const AllowEntry& entry) {
  return std::tie(entry.allows_private, entry.allows_metadata, entry.until, entry.is_optional);
}

bool grants_the_same(const AllowEntry& a, const AllowEntry& b) {
  return std::tie(a.allows_private, a.allows_metadata, a.until) ==
         std::tie(b.allows_private, b.allows_metadata, b.until);
}

bool grants_no_more(const AllowEntry& entry, const AllowEntry& than) {
  const bool ends_first = !than.until || (entry.until && *entry.until <= *than.until);
  return (!entry.allows_private || than.allows_private) &&
         (!entry.allows_metadata || than.allows_metadata) && ends_first;
}

bool is_brought_along(const AllowEntry& entry) {
  return !entry.origin.preset.empty() || entry.origin.kind == Origin::Kind::service;
}

std::string options_text(const AllowEntry& entry) {
  std::string out = entry.is_optional ? "optional" : "required";
  if (entry.allows_private) out += ", private";
  if (entry.allows_metadata) out += ", metadata";
  if (entry.until) out += ", until a time";
  return out;
}

std::string conflict(const AllowEntry& entry, const AllowEntry& first) {
  return quoted(entry.target()) + " is allowed at " + first.origin.text() +
         " with other options (there: " + options_text(first) + "; here: " + options_text(entry) +
         "); accepted: one entry, or the same options";
}

}  // namespace

bool EntryTable::has_room(const Place& place) {
  if (entries_.size() < limits::kEntries) return true;
  if (!is_overfull_) {
    reader_.refuse(place, "more than " + std::to_string(limits::kEntries) +
                              " entries after presets and ports unfold; accepted: fewer, or CIDRs");
  }
  is_overfull_ = true;
  return false;
}

void EntryTable::add(AllowEntry entry) {
  const auto found = entries_.find(entry.target());
  if (found == entries_.end()) {
    if (has_room(entry.origin.place)) entries_.emplace(entry.target(), std::move(entry));
    return;
  }
  AllowEntry& first = found->second;
  if (options(entry) == options(first)) return;
  if (is_brought_along(entry) != is_brought_along(first)) {
    if (is_brought_along(first)) first = std::move(entry);
  } else if (is_brought_along(entry) && grants_the_same(entry, first)) {
    first.is_optional = false;
  } else {
    reader_.refuse(entry.origin.place, conflict(entry, first));
  }
}

void EntryTable::add_addition(AllowEntry entry) {
  const auto found = entries_.find(entry.target());
  if (found == entries_.end()) {
    if (has_room(entry.origin.place)) entries_.emplace(entry.target(), std::move(entry));
  } else if (found->second.origin.kind == Origin::Kind::operator_added) {
    found->second = std::move(entry);
  } else if (!grants_no_more(entry, found->second)) {
    reader_.refuse(entry.origin.place, conflict(entry, found->second));
  }
}

std::vector<AllowEntry> EntryTable::take() {
  std::vector<AllowEntry> out;
  out.reserve(entries_.size());
  for (auto& [target, entry] : entries_) out.push_back(std::move(entry));
  return out;
}

}  // namespace egress::policy
