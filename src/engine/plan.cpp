// What the next transaction holds.
#include <algorithm>

#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

using nft::Elements;
using nft::SetId;

// The installed elements of one address that its names have opened.
Elements installed_at(const Elements& installed, const IpAddress& address) {
  Elements found;
  for (const SetId set : {SetId::allow, SetId::peers}) {
    auto at = installed.lower_bound(
        nft::ElementKey{set, address, IpAddress::lowest(Family::ipv4), Transport{}, {}});
    for (; at != installed.end() && at->first.set == set && at->first.first == address; ++at)
      found.insert(*at);
  }
  return found;
}

// In the latest answer of every name that owns it, none of them is failing, and all are asked for
// again by themselves.
bool is_steady(const dns::NameTable& names, const IpAddress& address) {
  const auto holds = [&](const DnsName* name) {
    const dns::NameState& state = *names.find(*name);
    return state.group == nullptr && state.find(address)->is_current &&
           state.family(address.family()).status == dns::Status::ok;
  };
  return std::ranges::all_of(names.owners(address), holds);
}

// A steady address will be seen again within its TTL, so its element need not be renewed as long as
// it would outlive that by three quarters of the grace: most refreshes then cost no message to the
// kernel. An end within the grace is that of a time-boxed grant, and exact.
void ease_renewal(const Elements& installed, const dns::NameTable& names, seconds grace,
                  Elements& desired, Instant now) {
  for (auto& [key, end] : desired) {
    const auto held = installed.find(key);
    if (!is_of_names(key.set) || held == installed.end() || held->second >= end) continue;
    if (end - held->second < grace / 4 && end - now >= grace && is_steady(names, key.first))
      end = held->second;
  }
}

}  // namespace

std::optional<Commit> Engine::plan_commit(Instant now) {
  if (!has_policy() || under_way_ || is_settled() || now < retry_at_) return std::nullopt;
  nft::Transaction transaction = installed_ ? plan_update(now) : nft::install(desired(now), now);
  is_static_dirty_ = false;
  dirty_.clear();
  if (transaction.empty()) {
    if (!revoked_.empty()) outbox_.emplace_back(CutFlows{std::exchange(revoked_, {})});
    return std::nullopt;
  }
  under_way_ = UnderWay{transaction, now, std::exchange(revoked_, {})};
  return Commit{std::move(transaction)};
}

nft::Transaction Engine::plan_update(Instant now) {
  if (compile_base(inputs_) != installed_->base) return plan_replacement(now);
  nft::Transaction transaction;
  if (is_static_dirty_) plan_static(transaction, now);
  for (const auto& [address, cause] : dirty_) plan_address(address, cause, transaction, now);
  return transaction;
}

// Another frame: everything is made anew.
nft::Transaction Engine::plan_replacement(Instant now) {
  nft::Ruleset desired = compile(inputs_, names_, now);
  revoke(installed_->elements, desired.elements, now);
  return nft::diff(*installed_, desired, now);
}

void Engine::plan_static(nft::Transaction& transaction, Instant now) {
  nft::ElementKey first_static;
  first_static.set = SetId::nets;
  const Elements installed(installed_->elements.lower_bound(first_static),
                           installed_->elements.end());
  const Elements desired = compile_static(inputs_, now);
  revoke(installed, desired, now);
  std::ranges::copy(nft::diff(installed, desired, now), std::back_inserter(transaction.changes));
}

void Engine::plan_address(const IpAddress& address, Cause cause, nft::Transaction& transaction,
                          Instant now) {
  const Elements installed = installed_at(installed_->elements, address);
  Elements desired = compile_address(inputs_, names_, address, now);
  if (cause == Cause::policy) revoke(installed, desired, now);
  if (cause != Cause::told)
    ease_renewal(installed, names_, inputs_.policy->limits.grace, desired, now);
  std::ranges::copy(nft::diff(installed, desired, now), std::back_inserter(transaction.changes));
}

// A removal before the element's end: the flows that it admitted are cut.
void Engine::revoke(const Elements& installed, const Elements& desired, Instant now) {
  for (const auto& [key, end] : installed)
    if (end > now && !desired.contains(key)) revoked_.push_back(key);
}

// Entries whose time-box is over: the kernel has dropped their elements by itself or does so at
// this moment; what is left to do is to forget them and to cut what they admitted.
void Engine::end_grants(Instant now) {
  if (next_end_ > now) return;
  const Instant first_due = std::exchange(next_end_, kNever);
  for (const auto& [entry, end] : inputs_.ends) {
    if (end > now) next_end_ = std::min(next_end_, end);
    if (end > now || end < first_due) continue;
    outbox_.emplace_back(GrantEnded{entry->target()});
    std::ranges::move(admitted_by(*entry), std::back_inserter(revoked_));
    touch_entry(*entry);
  }
  if (opens_metadata(inputs_, now))
    next_end_ = std::min(next_end_, kMetadataCloses);
  else if (inputs_.policy->metadata_at_boot && first_due <= kMetadataCloses)
    end_metadata();
}

void Engine::end_metadata() {
  outbox_.emplace_back(GrantEnded{"services.metadata"});
  is_static_dirty_ = true;
  if (!installed_) return;
  for (const auto& [key, end] : installed_->elements)
    if (key.set == nft::SetId::boot) revoked_.push_back(key);
}

std::vector<nft::ElementKey> Engine::admitted_by(const policy::AllowEntry& entry) const {
  const auto box = [&](const IpAddress& first, const IpAddress& last) {
    return nft::ElementKey{nft::SetId::nets, first, last, over(entry.transport, first.family()),
                           entry.ports};
  };
  if (const Prefix* prefix = entry.prefix()) return {box(prefix->first(), prefix->last())};
  std::vector<nft::ElementKey> keys;
  for_each_name(entry, [&](const DnsName&, const dns::NameState& state) {
    for (const dns::HeldAddress& held : state.addresses)
      keys.push_back(box(held.address, held.address));
  });
  return keys;
}

}  // namespace egress::engine
