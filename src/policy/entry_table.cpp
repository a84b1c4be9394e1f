#include "policy/entry_table.hpp"

#include <algorithm>
#include <tuple>

#include "egress/core/text.hpp"

namespace egress::policy {
namespace {

// The reason is a remark and the risk a warning: neither changes what is allowed.
auto options(const AllowEntry& entry) {
  return std::tie(entry.allows_private, entry.allows_metadata, entry.service_domain, entry.until,
                  entry.is_optional, entry.except());
}

bool grants_the_same(const AllowEntry& a, const AllowEntry& b) {
  return std::tie(a.allows_private, a.allows_metadata, a.service_domain, a.until, a.except()) ==
         std::tie(b.allows_private, b.allows_metadata, b.service_domain, b.until, b.except());
}

// Of two entries with one target: whether the first excepts whatever the second does.
bool excepts_all_of(const AllowEntry& entry, const AllowEntry& other) {
  return std::ranges::all_of(other.except(),
                             [&](const DnsName& name) { return entry.wildcard()->excepts(name); });
}

bool grants_no_more(const AllowEntry& entry, const AllowEntry& than) {
  const bool ends_first = !than.until || (entry.until && *entry.until <= *than.until);
  return excepts_all_of(entry, than) && (!entry.allows_private || than.allows_private) &&
         (!entry.allows_metadata || than.allows_metadata) &&
         (!entry.service_domain || entry.service_domain == than.service_domain) && ends_first;
}

bool is_brought_along(const AllowEntry& entry) {
  return !entry.origin.preset.empty() || entry.origin.kind == Origin::Kind::service;
}

std::string options_text(const AllowEntry& entry) {
  std::string out = entry.is_optional ? "optional" : "required";
  if (entry.allows_private) out += ", private";
  if (entry.allows_metadata) out += ", metadata";
  if (entry.service_domain) out += ", srv";
  for (const DnsName& name : entry.except()) out += ", except " + name.text();
  if (entry.until) out += ", until a time";
  return out;
}

std::string conflict(const AllowEntry& entry, const AllowEntry& first) {
  return quoted(entry.target()) + " is allowed at " + first.origin.text() +
         " with other options (there: " + options_text(first) + "; here: " + options_text(entry) +
         "); accepted: one entry, or the same options";
}

bool is_added(const AllowEntry& entry) {
  return entry.origin.kind == Origin::Kind::operator_added;
}

std::string overfull(std::size_t most) {
  return "more than " + std::to_string(most) +
         " entries after presets and ports unfold; accepted: fewer, or CIDRs";
}

}  // namespace

const AllowEntry* EntryTable::find(const std::string& target) const {
  const auto found = changed_.find(target);
  return found != changed_.end() ? found->second.get() : base_.find(target);
}

void EntryTable::put(Entries::Pointer entry) {
  std::string target = entry->target();
  changed_.insert_or_assign(std::move(target), std::move(entry));
}

void EntryTable::put_new(const Entries::Pointer& entry) {
  if (base_.size() + added_ < most_) {
    ++added_;
    return put(entry);
  }
  if (!is_overfull_) reader_.refuse(entry->origin.place, overfull(most_));
  is_overfull_ = true;
}

bool EntryTable::takes(const AllowEntry& entry) const {
  const AllowEntry* first = find(entry.target());
  return first == nullptr || options(entry) == options(*first) ||
         is_brought_along(entry) != is_brought_along(*first) ||
         (is_brought_along(entry) && grants_the_same(entry, *first));
}

void EntryTable::add(const Entries::Pointer& entry) {
  const AllowEntry* first = find(entry->target());
  if (first == nullptr) return put_new(entry);
  if (!takes(*entry)) return reader_.refuse(entry->origin.place, conflict(*entry, *first));
  if (options(*entry) == options(*first)) return;
  if (is_brought_along(*entry) != is_brought_along(*first)) {
    if (is_brought_along(*first)) put(entry);
    return;
  }
  AllowEntry required = *first;
  required.is_optional = false;
  put(std::make_shared<const AllowEntry>(std::move(required)));
}

Result<void> EntryTable::add_addition(const std::vector<AllowEntry>& entries, bool is_bounded) {
  std::size_t fresh = 0;
  for (const AllowEntry& entry : entries) {
    const AllowEntry* first = find(entry.target());
    if (first == nullptr) {
      ++fresh;
    } else if (!is_added(*first) &&
               // Exceptions that the file does not have would be in vain.
               !(grants_no_more(entry, *first) && excepts_all_of(*first, entry))) {
      return fail(conflict(entry, *first));
    }
  }
  if (is_bounded && fresh > 0 && base_.size() + added_ + fresh > most_)
    return fail(overfull(most_));
  for (const AllowEntry& entry : entries) {
    const AllowEntry* first = find(entry.target());
    if (first == nullptr) ++added_;
    if (first == nullptr || is_added(*first)) put(std::make_shared<const AllowEntry>(entry));
  }
  return {};
}

Entries EntryTable::take() const {
  Entries::Pointers all;
  all.reserve(base_.size() + added_);
  auto rest = base_.pointers().begin();
  for (const auto& [target, entry] : changed_) {
    const auto here = base_.lower_bound(target);
    all.insert(all.end(), rest, here);
    all.push_back(entry);
    const bool is_replaced = here != base_.pointers().end() && (*here)->target() == target;
    rest = is_replaced ? here + 1 : here;
  }
  all.insert(all.end(), rest, base_.pointers().end());
  return Entries(std::move(all));
}

}  // namespace egress::policy
