#include <algorithm>

#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

// The end of the element that lets the entry's first port through at this address, as the kernel
// acknowledged it.
std::optional<Instant> open_until(const nft::Ruleset& installed, const policy::AllowEntry& entry,
                                  const IpAddress& address, Instant now) {
  const Endpoint endpoint = entry.first_at(address);
  if (entry.prefix() != nullptr) {
    nft::ElementKey lowest;
    lowest.set = nft::SetId::nets;
    for (auto at = installed.elements.lower_bound(lowest);
         at != installed.elements.end() && at->first.set == nft::SetId::nets; ++at)
      if (at->first.contains(endpoint) && at->second > now) return at->second;
    return std::nullopt;
  }
  const auto at = installed.elements.find(nft::ElementKey::of_name(endpoint));
  if (at == installed.elements.end() || at->second <= now) return std::nullopt;
  return at->second;
}

void append(std::string& list, const std::string& item) {
  list += (list.empty() ? "" : "; ") + item;
}

// A name of one family has no data in the other, which is no error.
std::string describe_lookups(const dns::NameState& state) {
  const bool has_one = state.v4.status == dns::Status::ok || state.v6.status == dns::Status::ok;
  std::string error;
  for (const Family family : kFamilies) {
    const dns::FamilyState& lookup = state.family(family);
    if (!lookup.was_answered || lookup.status == dns::Status::ok) continue;
    if (has_one && lookup.status == dns::Status::nodata) continue;
    append(error,
           (family == Family::ipv4 ? "A: " : "AAAA: ") + std::string(dns::text(lookup.status)));
  }
  return error;
}

std::string describe_filtered(const Inputs& inputs, const policy::AllowEntry& entry,
                              const dns::NameState& state) {
  std::string error;
  for (const dns::HeldAddress& held : state.addresses)
    if (const auto why = withheld(inputs, entry, held.address))
      append(error, held.address.text() + " is " + std::string(*why));
  return error;
}

bool fails(const dns::FamilyState& lookup) {
  return lookup.was_answered && dns::is_failure(lookup.status);
}

}  // namespace

Standing Engine::standing(const policy::AllowEntry& entry, Instant now) const {
  if (!installed_) return {};
  if (entry.prefix() != nullptr) return standing_of_prefix(entry, now);
  if (entry.wildcard() == nullptr) return standing_of_name(entry, *entry.name(), now);
  Standing standing;
  standing.state = Standing::State::open;  // for whatever name a program will ask
  for_each_name(entry, [&](const DnsName&, const dns::NameState& state) {
    add_open(entry, state, now, standing);
  });
  auto& addresses = standing.addresses;
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return standing;
}

void Engine::add_open(const policy::AllowEntry& entry, const dns::NameState& state, Instant now,
                      Standing& standing) const {
  for (const dns::HeldAddress& held : state.addresses)
    if (const auto end = open_until(*installed_, entry, held.address, now))
      standing.addresses.emplace_back(held.address, *end);
    else if (tells_own(inputs_, entry, held.address) && held.expires > now)
      standing.addresses.emplace_back(held.address, held.expires);
}

Standing Engine::standing_of_prefix(const policy::AllowEntry& entry, Instant now) const {
  Standing standing;
  const Prefix& prefix = *entry.prefix();
  const auto end = open_until(*installed_, entry, prefix.first(), now);
  standing.state = end            ? Standing::State::open
                   : is_settled() ? Standing::State::failing
                                  : Standing::State::resolving;
  if (end && prefix.is_single()) standing.addresses.emplace_back(prefix.first(), *end);
  return standing;
}

Standing Engine::standing_of_name(const policy::AllowEntry& entry, const DnsName& name,
                                  Instant now) const {
  Standing standing;
  const dns::NameState* state = names_.find(name);
  if (!installed_ || state == nullptr) return standing;
  add_open(entry, *state, now, standing);
  std::ranges::sort(standing.addresses);
  standing.error = describe_lookups(*state);
  const std::string filtered = describe_filtered(inputs_, entry, *state);
  if (!filtered.empty()) append(standing.error, filtered);
  const bool is_failing = fails(state->v4) || fails(state->v6);
  if (!standing.addresses.empty())
    standing.state = is_failing ? Standing::State::stale : Standing::State::open;
  else if (state->is_settled() && is_settled())
    standing.state = Standing::State::failing;
  return standing;
}

}  // namespace egress::engine
