// What SRV records lead to: names that are kept for it, and until when.
#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/dns/name_table.hpp"

namespace egress::dns {

NameTable::Touched NameTable::lead(const DnsName& name, const Lead& lead, Instant now) {
  Touched touched;
  if (!names_.contains(name)) touched = learn(name, lead.group(), now);
  const auto at = names_.find(name);
  std::vector<Lead>& leads = at->second.leads;
  const auto known =
      std::ranges::find_if(leads, [&](const Lead& one) { return one.is_same_service(lead); });
  if (known != leads.end())
    known->expires = std::max(known->expires, lead.expires);
  else if (leads.size() < limits::kLeadsPerName)
    leads.push_back(lead);
  for (const HeldAddress& held : at->second.addresses) touched.push_back(held.address);
  reschedule(at->first, at->second);
  return touched;
}

NameTable::Touched NameTable::drop_leads(
    const std::function<bool(const DnsName&, const Lead&)>& is_gone) {
  Touched touched;
  for (auto& [name, state] : names_) {
    if (state.leads.empty()) continue;
    drop_leads_of(
        state, [&](const Lead& lead) { return is_gone(name, lead); }, touched);
    reschedule(name, state);
  }
  return touched;
}

void NameTable::drop_leads_of(NameState& state, const std::function<bool(const Lead&)>& is_gone,
                              Touched& touched) {
  if (std::erase_if(state.leads, is_gone) == 0) return;
  for (const HeldAddress& held : state.addresses) touched.push_back(held.address);
}

}  // namespace egress::dns
