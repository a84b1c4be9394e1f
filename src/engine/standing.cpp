#include <algorithm>

#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

// The end of the element that lets the endpoint of a literal or CIDR through, as the kernel
// acknowledged it.
std::optional<Instant> net_open_until(const nft::Ruleset& installed, const Endpoint& endpoint,
                                      Instant now) {
  nft::ElementKey lowest;
  lowest.set = nft::SetId::nets;
  for (auto at = installed.elements.lower_bound(lowest);
       at != installed.elements.end() && at->first.set == nft::SetId::nets; ++at)
    if (at->first.contains(endpoint) && at->second > now) return at->second;
  return std::nullopt;
}

// The same of an address of a name.
std::optional<Instant> open_until(const nft::Ruleset& installed, const Endpoint& endpoint,
                                  Instant now) {
  const auto at = installed.elements.find(nft::ElementKey::of_name(endpoint));
  if (at == installed.elements.end() || at->second <= now) return std::nullopt;
  return at->second;
}

// What shows that the entry opens an address of the name: its first port, or those at which its
// services stand there.
std::vector<Port> ports_at(const policy::AllowEntry& entry, const DnsName& name,
                           const dns::NameState& state) {
  const DnsName* host = entry.name();
  if (host == nullptr || *host == name) return {entry.ports.first};
  std::vector<Port> ports;
  for (const dns::Lead& lead : state.leads)
    if (lead.host == *host && !objection_to_lead(entry, lead, name)) ports.push_back(lead.port);
  return ports;
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
  if (entry.service_domain) return standing_of_services(entry, now);
  if (entry.wildcard() == nullptr) return standing_of_name(entry, *entry.name(), now);
  Standing standing;
  standing.state = Standing::State::open;  // for whatever name a program will ask
  add_all_open(entry, now, standing);
  return standing;
}

// The host need not have an address of its own: it is open for whatever service a program will ask.
Standing Engine::standing_of_services(const policy::AllowEntry& entry, Instant now) const {
  Standing standing = standing_of_name(entry, *entry.name(), now);
  const dns::NameState* state = names_.find(*entry.name());
  const auto is_empty = [](const dns::FamilyState& lookup) {
    return lookup.was_answered && lookup.status == dns::Status::nodata;
  };
  if (state != nullptr && is_empty(state->v4) && is_empty(state->v6) && is_settled()) {
    standing.state = Standing::State::open;
    standing.error.clear();
  }
  add_all_open(entry, now, standing);
  if (standing.state == Standing::State::failing && !standing.addresses.empty())
    standing.state = Standing::State::open;
  return standing;
}

void Engine::add_all_open(const policy::AllowEntry& entry, Instant now, Standing& standing) const {
  for_each_name(entry, [&](const DnsName& name, const dns::NameState& state) {
    add_open(entry, name, state, now, standing);
  });
  auto& addresses = standing.addresses;
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
}

void Engine::add_open(const policy::AllowEntry& entry, const DnsName& name,
                      const dns::NameState& state, Instant now, Standing& standing) const {
  const std::vector<Port> ports = ports_at(entry, name, state);
  for (const dns::HeldAddress& held : state.addresses) {
    Endpoint endpoint = entry.first_at(held.address);
    std::optional<Instant> end;
    for (const Port port : ports) {
      endpoint.port = port;
      end = std::max(end, open_until(*installed_, endpoint, now));
    }
    if (end)
      standing.addresses.emplace_back(held.address, *end);
    else if (tells_own(inputs_, entry, held.address) && held.expires > now)
      standing.addresses.emplace_back(held.address, held.expires);
  }
}

Standing Engine::standing_of_prefix(const policy::AllowEntry& entry, Instant now) const {
  Standing standing;
  const Prefix& prefix = *entry.prefix();
  const auto end = net_open_until(*installed_, entry.first_at(prefix.first()), now);
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
  add_open(entry, name, *state, now, standing);
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
