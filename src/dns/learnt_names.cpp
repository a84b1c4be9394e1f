// Names below wildcards: kept because programs ask for them, bounded, and forgotten when unused.
#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/dns/name_table.hpp"

namespace egress::dns {

NameTable::Touched NameTable::learn(const DnsName& name, const std::string& group, Instant now) {
  const auto known = names_.find(name);
  if (known != names_.end() && known->second.group != nullptr) return {};
  Touched touched = make_room_in(group);
  const auto at = names_.try_emplace(name).first;
  NameState& state = at->second;
  state.v4.next_ask = state.v6.next_ask = kNever;
  const auto place = groups_.try_emplace(group).first;
  state.group = &place->first;
  state.wanted_at = now;
  place->second.insert({now, &at->first});
  ++learnt_;
  shrink(at->first, state, touched);
  reschedule(at->first, state);
  return touched;
}

// What the policy named until now may hold more than a learnt name may.
void NameTable::shrink(const DnsName& name, NameState& state, Touched& touched) {
  if (state.addresses.empty()) return;
  learnt_addresses_ += state.addresses.size();
  holders_.insert({state.wanted_at, &name});
  for (const Family family : kFamilies) {
    std::size_t current = 0;
    for (HeldAddress& held : state.addresses)
      if (held.address.family() == family && held.is_current)
        held.is_current = ++current <= limits::kAddressesPerLearntAnswer;
  }
  std::ranges::sort(state.addresses, std::ranges::greater{}, [](const HeldAddress& held) {
    return std::pair(held.is_current, held.expires);
  });
  while (state.addresses.size() > limits::kAddressesPerLearntName) {
    touched.push_back(state.addresses.back().address);
    release(name, state, state.addresses.back().address);
    state.addresses.pop_back();
  }
  (void)make_room_for_learnt(name, touched);
}

// Forgets a name if there is no room for another in the group, or in all groups together.
NameTable::Touched NameTable::make_room_in(const std::string& group) {
  auto at = groups_.find(group);
  const bool is_full = at != groups_.end() && at->second.size() >= limits::kLearntPerWildcard;
  if (!is_full && learnt_ < limits::kLearntNames) return {};
  const auto oldest = [](const auto& names) { return names.second.begin()->deadline; };
  if (!is_full) at = std::ranges::min_element(groups_, {}, oldest);
  return forget(DnsName(*at->second.begin()->name));
}

void NameTable::use(const DnsName& name, Instant now) {
  const auto at = names_.find(name);
  if (at == names_.end() || at->second.group == nullptr) return;
  move_in_group(at->first, at->second, now);
  reschedule(at->first, at->second);
}

void NameTable::note_asker(const DnsName& name, std::uint32_t user) {
  const auto at = names_.find(name);
  if (at == names_.end()) return;
  std::vector<std::uint32_t>& askers = at->second.askers;
  if (askers.size() < limits::kAskers && std::ranges::find(askers, user) == askers.end())
    askers.push_back(user);
}

// While learnt names hold as many addresses as they may, the one that was not wanted for longest is
// forgotten, but never `name` itself, whose answer is being taken.
bool NameTable::make_room_for_learnt(const DnsName& name, Touched& touched) {
  auto at = holders_.begin();
  while (learnt_addresses_ >= limits::kLearntAddresses && at != holders_.end()) {
    const DnsName* const holder = at->name;
    ++at;
    if (*holder != name) std::ranges::copy(forget(DnsName(*holder)), std::back_inserter(touched));
  }
  return learnt_addresses_ < limits::kLearntAddresses;
}

void NameTable::move_in_group(const DnsName& name, NameState& state, Instant wanted_at) {
  std::set<Due>& group = groups_.at(*state.group);
  group.erase({state.wanted_at, &name});
  group.insert({wanted_at, &name});
  if (holders_.erase({state.wanted_at, &name}) > 0) holders_.insert({wanted_at, &name});
  state.wanted_at = wanted_at;
}

void NameTable::leave_group(const DnsName& name, NameState& state) {
  const auto at = groups_.find(*state.group);
  at->second.erase({state.wanted_at, &name});
  holders_.erase({state.wanted_at, &name});
  learnt_addresses_ -= state.addresses.size();
  state.group = nullptr;
  --learnt_;
  if (at->second.empty()) groups_.erase(at);
}

}  // namespace egress::dns
