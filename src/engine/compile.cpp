#include "egress/engine/compile.hpp"

#include <algorithm>

#include "egress/dns/answer_filter.hpp"
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
  for (int port = entry.ports.first; port <= entry.ports.last; ++port) {
    const Endpoint endpoint{address, entry.transport, static_cast<Port>(port)};
    Instant& current =
        elements.try_emplace(nft::ElementKey::endpoint(nft::SetId::allow, endpoint), end)
            .first->second;
    current = std::max(current, end);
  }
}

nft::ElementKey box_of(const AllowEntry& entry, const Prefix& prefix) {
  return {nft::SetId::nets, prefix.first(), prefix.last(), entry.transport, entry.ports};
}

}  // namespace

policy::EntriesChange Inputs::set_policy(std::shared_ptr<const policy::Policy> next, Instant now,
                                         WallTime wall) {
  policy::EntriesChange change =
      policy::change(policy ? policy->entries : policy::Entries(), next->entries);
  for (const auto& entry : change.gone) {
    ends.erase(entry.get());
    if (entry->name() == nullptr) continue;
    const auto at = by_name.find(*entry->name());
    std::erase(at->second, entry.get());
    if (at->second.empty()) by_name.erase(at);
  }
  for (const auto& entry : change.come) {
    if (entry->until) ends.emplace(entry.get(), now + (*entry->until - wall));
    if (entry->name() != nullptr) by_name[*entry->name()].push_back(entry.get());
  }
  policy = std::move(next);
  return change;
}

Instant Inputs::end_of(const AllowEntry& entry) const {
  return entry.until ? ends.at(&entry) : kNever;
}

nft::Base compile_base(const Inputs& inputs) {
  return {.is_audit = inputs.policy->mode == policy::Mode::audit,
          .allows_dhcp = inputs.policy->allows_dhcp,
          .forward = inputs.policy->forward,
          .logs_refusals = inputs.capabilities.logs,
          .counts_destinations = inputs.capabilities.counts_destinations,
          .cuts_flows = inputs.capabilities.deletes_flows};
}

nft::Elements compile_static(const Inputs& inputs, Instant now) {
  nft::Elements boxes;
  for (const AllowEntry& entry : inputs.policy->entries) {
    const Instant end = inputs.end_of(entry);
    if (entry.prefix() != nullptr && end > now) extend(boxes, box_of(entry, *entry.prefix()), end);
  }
  nft::Elements elements = nft::disjoint(boxes);
  for (const policy::ResolverAddress& resolver : inputs.resolvers)
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
      const Endpoint endpoint{resolver.address, transport, resolver.port};
      elements.emplace(nft::ElementKey::endpoint(nft::SetId::resolvers, endpoint), kNever);
    }
  return elements;
}

nft::Elements compile_address(const Inputs& inputs, const dns::NameTable& names,
                              const IpAddress& address, Instant now) {
  nft::Elements elements;
  for (const DnsName* name : names.owners(address)) {
    const auto entries = inputs.by_name.find(*name);
    if (entries == inputs.by_name.end()) continue;
    const Instant expires = names.find(*name)->find(address)->expires;
    for (const AllowEntry* entry : entries->second) {
      const dns::FilterRules rules{entry->allows_private, entry->allows_metadata};
      if (dns::objection(address, rules, inputs.own_addresses)) continue;
      const Instant end = std::min(expires, inputs.end_of(*entry));
      if (end > now) open_ports(*entry, address, end, elements);
    }
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
