// What was accepted once stays accepted. A policy in force is kept written out in full, so that it can be read again
// without anything from outside of it: presets, rules of names, limits that a later version lowers. Reading it judges
// the form alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::policy {

struct Accepted {
  std::uint64_t digest = 0;          // of the files: the same texts were accepted before; 0: not known
  Policy policy;                     // what the files said, without the additions
  std::vector<AcceptedItem> items;   // what each item of `allow` and `services.ntp` stood for
  std::vector<Addition> additions;   // as they were in force
};

// Of the texts of a policy's files, in their order. Never 0.
std::uint64_t digest_of(const std::vector<std::string_view>& texts);

// As YAML, and back. A file of the first version, which was a policy written out, has no digest and no items.
std::string print_accepted(const Accepted& accepted);
tl::expected<Accepted, Problems> parse_accepted(const Node& document, WallTime now);

// An entry by its target alone, as AllowEntry::target() prints it.
Result<AllowEntry> parse_entry(std::string_view target);
// As Wildcard keeps them.
Result<std::vector<DnsName>> parse_exceptions(const std::vector<std::string>& names);

}  // namespace egress::policy
