#include "egress/engine/compile.hpp"

#include <algorithm>

#include "egress/core/address_class.hpp"
#include "egress/dns/answer_filter.hpp"
#include "egress/dns/doh_endpoints.hpp"
#include "egress/nft/nets.hpp"

namespace egress::engine {
namespace {

using policy::AllowEntry;

// Open until `end`, or later where that is already so.
void extend(nft::Elements& elements, const nft::ElementKey& key, Instant end) {
  Instant& current = elements.try_emplace(key, end).first->second;
  current = std::max(current, end);
}

// Opens every port of the entry at the address.
void open_ports(const AllowEntry& entry, const IpAddress& address, Instant end,
                nft::Elements& elements) {
  Endpoint endpoint = entry.first_at(address);
  for (int port = entry.ports.first; port <= entry.ports.last; ++port) {
    endpoint.port = static_cast<Port>(port);
    extend(elements, nft::ElementKey::of_name(endpoint), end);
  }
}

nft::ElementKey box_of(const AllowEntry& entry, const Prefix& prefix) {
  return {nft::SetId::nets, prefix.first(), prefix.last(), over(entry.transport, prefix.family()),
          entry.ports};
}

// Where the entry is found by name; null: it has none.
const DnsName* index_key(const AllowEntry& entry) {
  const policy::Wildcard* wildcard = entry.wildcard();
  return wildcard != nullptr ? &wildcard->base : entry.name();
}

void drop(Inputs::Index& index, const DnsName& key, const AllowEntry* entry) {
  const auto at = index.find(key);
  std::erase(at->second, entry);
  if (at->second.empty()) index.erase(at);
}

// Calls `take` with each wildcard entry that covers the name, the nearest base first, until it
// returns true.
template <class Take>
void for_each_wildcard(const Inputs::Index& by_base, const DnsName& name, const Take& take) {
  if (by_base.empty() || dns::is_doh_endpoint(name)) return;
  for (std::optional<DnsName> base = name; base; base = base->parent()) {
    const auto at = by_base.find(*base);
    if (at == by_base.end()) continue;
    for (const AllowEntry* entry : at->second)
      if (entry->wildcard()->covers(name) && take(entry)) return;
  }
}

// The same grant as it stood in the list before, or null.
const AllowEntry* earlier(const policy::EntriesChange& change, const AllowEntry& grant) {
  const std::string target = grant.target();
  const auto at = std::ranges::lower_bound(change.gone, target, {},
                                           [](const auto& entry) { return entry->target(); });
  const bool is_same =
      at != change.gone.end() && (*at)->target() == target && (*at)->until == grant.until;
  return is_same ? at->get() : nullptr;
}

}  // namespace

// A grant that is read anew ends no later than before: the civil clock may have been set back.
Instant Inputs::end_of_grant(const AllowEntry& entry, const policy::EntriesChange& change,
                             Instant now, WallTime wall) const {
  const Instant end = now + (*entry.until - wall);
  const AllowEntry* before = earlier(change, entry);
  return before != nullptr ? std::min(end, ends.at(before)) : end;
}

policy::EntriesChange Inputs::set_policy(std::shared_ptr<const policy::Policy> next, Instant now,
                                         WallTime wall) {
  policy::EntriesChange change =
      policy::change(policy ? policy->entries : policy::Entries(), next->entries);
  const auto index_of = [this](const AllowEntry& entry) -> Index& {
    return entry.wildcard() != nullptr ? by_base : by_name;
  };
  for (const auto& entry : change.come)
    if (entry->until) ends.emplace(entry.get(), end_of_grant(*entry, change, now, wall));
  for (const auto& entry : change.gone) {
    ends.erase(entry.get());
    if (const DnsName* key = index_key(*entry)) drop(index_of(*entry), *key, entry.get());
  }
  for (const auto& entry : change.come) {
    if (const DnsName* key = index_key(*entry)) index_of(*entry)[*key].push_back(entry.get());
  }
  policy = std::move(next);
  held = nft::held_links(links, policy->forward, policy->released);
  return change;
}

void Inputs::set_links(std::vector<nft::Link> found) {
  links = std::move(found);
  if (policy) held = nft::held_links(links, policy->forward, policy->released);
}

Instant Inputs::end_of(const AllowEntry& entry) const {
  return entry.until ? ends.at(&entry) : kNever;
}

std::vector<const AllowEntry*> Inputs::entries_of(const DnsName& name) const {
  const auto at = by_name.find(name);
  std::vector<const AllowEntry*> entries =
      at != by_name.end() ? at->second : std::vector<const AllowEntry*>();
  for_each_wildcard(by_base, name, [&](const AllowEntry* entry) {
    entries.push_back(entry);
    return false;
  });
  return entries;
}

const policy::Wildcard* Inputs::wildcard_of(const DnsName& name) const {
  const policy::Wildcard* found = nullptr;
  for_each_wildcard(by_base, name, [&](const AllowEntry* entry) {
    found = entry->wildcard();
    return true;
  });
  return found;
}

bool wants_guard(const Inputs& inputs) {
  return inputs.guard && inputs.policy->dns.mode == policy::DnsMode::guard &&
         inputs.policy->mode == policy::Mode::enforce;
}

bool keeps_own_clock(const Inputs& inputs) {
  return wants_guard(inputs) && inputs.policy->dns.refresh == policy::Refresh::own_clock;
}

bool is_guarded(const Inputs& inputs) {
  return wants_guard(inputs) && inputs.posture == Posture::enforcing;
}

std::optional<std::string_view> objection(const Inputs& inputs, const AllowEntry& entry,
                                          const IpAddress& address) {
  return dns::objection(address, {entry.allows_private, entry.allows_metadata},
                        inputs.own_addresses);
}

bool tells_own(const Inputs& inputs, const AllowEntry& entry, const IpAddress& address) {
  const AddressClass kind = classify(address);
  return entry.allows_private && inputs.own_addresses.contains(address) &&
         (kind == AddressClass::unicast || kind == AddressClass::private_use);
}

std::optional<std::string_view> withheld(const Inputs& inputs, const AllowEntry& entry,
                                         const IpAddress& address) {
  return tells_own(inputs, entry, address) ? std::nullopt : objection(inputs, entry, address);
}

bool refuses_nothing(const Inputs& inputs) {
  if (inputs.posture == Posture::enforcing) return inputs.policy->mode == policy::Mode::audit;
  return inputs.posture == Posture::open;
}

namespace {

std::optional<std::vector<nft::Answered>> answered(const std::optional<policy::Inbound>& inbound) {
  if (!inbound) return std::nullopt;
  std::vector<nft::Answered> flows;
  for (const policy::InboundPorts& open : inbound->ports)
    flows.push_back({static_cast<std::uint8_t>(open.transport), open.ports});
  if (inbound->allows_ping)
    for (const std::uint8_t icmp : {std::uint8_t{1}, std::uint8_t{58}}) flows.push_back({icmp, {}});
  return flows;
}

bool asks_time(const policy::Policy& policy) {
  return std::ranges::any_of(policy.entries,
                             [](const AllowEntry& entry) { return entry.asks_time(); });
}

// Where cloud-init's data sources ask what machine it is (docs/openhands.md): of most clouds, AWS,
// Google, Azure, Alibaba and Oracle.
nft::Elements metadata_elements() {
  nft::Elements elements;
  for (const char* address : {"169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16",
                              "100.100.100.200", "192.0.0.192"}) {
    const Endpoint endpoint{*IpAddress::parse(address), Transport::tcp, 80};
    elements.emplace(nft::ElementKey::endpoint(nft::SetId::boot, endpoint), kMetadataCloses);
  }
  return elements;
}

// A kernel that cannot ask its routes whose a source is.
std::optional<std::vector<IpAddress>> only_sources(const Inputs& inputs) {
  if (inputs.capabilities.asks_routes) return std::nullopt;
  return std::vector(inputs.own_addresses.begin(), inputs.own_addresses.end());
}

}  // namespace

nft::Base compile_base(const Inputs& inputs) {
  const bool leads = is_guarded(inputs) && inputs.capabilities.leads;
  return {.is_audit = refuses_nothing(inputs),
          .audit_ends = inputs.posture == Posture::open ? inputs.open_ends : std::nullopt,
          .allows_dhcp = inputs.policy->allows_dhcp,
          .metadata_at_boot = inputs.policy->metadata_at_boot,
          .serves_guests = inputs.policy->serves_guests,
          .forward = inputs.held.patterns,
          .released = inputs.held.released,
          .outward = inputs.held.outward,
          .wires = inputs.held.wires,
          .segments = inputs.held.segments,
          .inside = inputs.held.inside,
          .uplinks = inputs.held.uplinks,
          .tunnels = inputs.held.tunnels,
          .routed = inputs.held.routed,
          .addressless = leads ? inputs.held.addressless : std::vector<std::string>{},
          .guard_v4 = leads ? inputs.held.guard_v4 : std::nullopt,
          .inbound = answered(inputs.policy->inbound),
          .dns_guard = is_guarded(inputs) ? inputs.guard : std::nullopt,
          .is_panic = inputs.posture == Posture::panic,
          .most_flows = inputs.capabilities.counts_destinations ? inputs.most_flows : 0,
          .judges_time = inputs.capabilities.counts_destinations && asks_time(*inputs.policy),
          .logs_refusals = inputs.capabilities.logs,
          .counts_destinations = inputs.capabilities.counts_destinations,
          .tracks_apart = inputs.capabilities.has_zones,
          .finds_sockets = inputs.capabilities.finds_sockets,
          .cuts_flows = inputs.capabilities.deletes_flows,
          .only_sources = only_sources(inputs)};
}

bool opens_metadata(const Inputs& inputs, Instant now) {
  return inputs.policy->metadata_at_boot && now < kMetadataCloses;
}

nft::FrameFilter compile_frames(const Inputs& inputs) {
  nft::FrameFilter filter{.links = {}, .allows_dhcp = inputs.policy->allows_dhcp};
  if (refuses_nothing(inputs)) return filter;
  for (const nft::Link& link : inputs.links)
    if (nft::left_out(link, inputs.held).empty())
      filter.links.push_back({.name = link.name, .index = link.index});
  return filter;
}

nft::Elements compile_static(const Inputs& inputs, Instant now) {
  nft::Elements boxes;
  for (const AllowEntry& entry : inputs.policy->entries) {
    const Instant end = inputs.end_of(entry);
    if (entry.prefix() != nullptr && end > now) extend(boxes, box_of(entry, *entry.prefix()), end);
  }
  nft::Elements elements = nft::disjoint(boxes);
  for (const policy::ResolverAddress& resolver : inputs.resolvers.all())
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
      const Endpoint endpoint{resolver.address, transport, resolver.port};
      elements.emplace(nft::ElementKey::endpoint(nft::SetId::resolvers, endpoint), kNever);
    }
  if (opens_metadata(inputs, now)) elements.merge(metadata_elements());
  return elements;
}

namespace {

// What the services that stand at the name open at one of its addresses.
void open_leads(const Inputs& inputs, const DnsName& name, const dns::NameState& state,
                const dns::HeldAddress& held, Instant now, nft::Elements& elements) {
  for (const dns::Lead& lead : state.leads)
    for (const AllowEntry* entry : inputs.entries_of(lead, name)) {
      if (objection(inputs, *entry, held.address)) continue;
      const Instant end = std::min({held.expires, lead.expires, inputs.end_of(*entry)});
      const Endpoint endpoint{held.address, lead.transport, lead.port};
      if (end > now) extend(elements, nft::ElementKey::of_name(endpoint), end);
    }
}

}  // namespace

nft::Elements compile_name(const Inputs& inputs, const DnsName& name, const dns::NameState& state,
                           const dns::HeldAddress& held, Instant now) {
  nft::Elements elements;
  open_leads(inputs, name, state, held, now, elements);
  for (const AllowEntry* entry : inputs.entries_of(name)) {
    if (objection(inputs, *entry, held.address)) continue;
    const Instant end = std::min(held.expires, inputs.end_of(*entry));
    if (end > now) open_ports(*entry, held.address, end, elements);
  }
  return elements;
}

nft::Elements compile_address(const Inputs& inputs, const dns::NameTable& names,
                              const IpAddress& address, Instant now) {
  nft::Elements elements;
  for (const DnsName* name : names.owners(address)) {
    const dns::NameState& state = *names.find(*name);
    for (const auto& [key, end] : compile_name(inputs, *name, state, *state.find(address), now))
      extend(elements, key, end);
  }
  return elements;
}

nft::Ruleset compile(const Inputs& inputs, const dns::NameTable& names, Instant now) {
  nft::Ruleset ruleset{compile_base(inputs), compile_static(inputs, now)};
  for (const auto& [name, state] : names.names())
    for (const dns::HeldAddress& held : state.addresses)
      if (*names.owners(held.address).front() == name)  // a shared address once
        ruleset.elements.merge(compile_address(inputs, names, held.address, now));
  return ruleset;
}

}  // namespace egress::engine
