// `srv: true`: whither the services of a name may lead.
#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"
#include "policy/unfold.hpp"

namespace egress::policy {

// What stands in no part of the list is judged as usual registries do it: a name of two labels has
// one owner.
DnsName registrable_domain(const DnsName& host, const NameRules& rules) {
  DnsName domain = host;
  for (auto parent = host.parent(); parent; parent = parent->parent()) {
    const bool is_top = !parent->parent();
    if (is_top || rules.suffix(*parent) != Suffix::none) break;
    domain = *parent;
  }
  return domain;
}

bool leads_to_strangers(const DnsName& domain, const NameRules& rules) {
  return covers_strangers({domain, true}, rules);
}

Result<std::optional<DnsName>> service_domain(const Target& target, const EntryOptions& options,
                                              const NameRules& rules) {
  if (!options.has_services) return std::nullopt;
  const auto* destination = std::get_if<Destination>(&target.what);
  const auto* host = destination != nullptr ? std::get_if<DnsName>(destination) : nullptr;
  if (host == nullptr)
    return fail(quoted(target.text()) +
                " has no services of its own; accepted: srv: true (allow --srv) of a host by its "
                "own name");
  if (!has_ports(target.transport))
    return fail(quoted(target.text()) +
                " has no ports, and services stand at ports; accepted: srv: true (allow --srv) "
                "with tcp and udp");
  DnsName domain = registrable_domain(*host, rules);
  if (!options.is_wide && leads_to_strangers(domain, rules))
    return fail("the services of " + quoted(host->text()) +
                " may lead to whatever is at or below " + quoted(domain.text()) +
                ", where strangers register names; accepted: wide: true (allow --wide) beside srv "
                "where that is meant");
  return domain;
}

}  // namespace egress::policy
