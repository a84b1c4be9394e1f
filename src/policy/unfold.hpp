// From one target to its entries: presets become their targets, port lists one entry per range.
#pragma once

#include <vector>

#include "egress/policy/load.hpp"

namespace egress::policy {

// What names mean: the presets, and the rules of the name space.
struct Dictionary {
  const Catalogue& catalogue;
  const NameRules& rules;
};

// The preset, or an error that names the nearest.
Result<const Preset*> find_preset(std::string_view name, const Catalogue& catalogue);

// An error where a target of one bare word is the name of a preset, or a word for one: "anthropic",
// "pip".
Result<void> check_is_no_preset(std::string_view written, const Catalogue& catalogue);

// `template_text` with {parameter} replaced. Every brace must belong to a parameter that is given.
Result<std::string> substitute(std::string_view template_text,
                               const std::map<std::string, std::string, std::less<>>& values);

// The shortest domain that the host shares with nobody but its owner.
DnsName registrable_domain(const DnsName& host, const NameRules& rules);
bool leads_to_strangers(const DnsName& domain, const NameRules& rules);
// Whither the target's services may lead; empty: the options do not ask for them.
Result<std::optional<DnsName>> service_domain(const Target& target, const EntryOptions& options,
                                              const NameRules& rules);

// The destination without its exceptions, if these options suffice for it.
Result<Destination> with_options(const Destination& destination, const EntryOptions& options,
                                 const NameRules& rules);

// Entries with `origin.preset` set and the rest of the origin left to the caller.
Result<std::vector<AllowEntry>> unfold(const Target& target, const EntryOptions& options,
                                       const Dictionary& dictionary);

}  // namespace egress::policy
