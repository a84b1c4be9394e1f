// The fold: policy, resolvers and answers become one desired ruleset. Pure.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "egress/dns/name_table.hpp"
#include "egress/nft/ruleset.hpp"
#include "egress/nft/transaction.hpp"
#include "egress/policy/policy.hpp"

namespace egress::engine {

// All that decides the ruleset, but for the answers.
struct Inputs {
  std::shared_ptr<const policy::Policy> policy;
  std::vector<policy::ResolverAddress> resolvers;
  std::set<IpAddress> own_addresses;
  nft::Capabilities capabilities;
  // The entries of each name; points into `policy`.
  std::unordered_map<DnsName, std::vector<const policy::AllowEntry*>> by_name;
  // When time-boxed entries end, on our clock: fixed when an entry comes, whatever the civil clock does later.
  std::unordered_map<const policy::AllowEntry*, Instant> ends;

  // Returns what has changed, entry by entry.
  policy::EntriesChange set_policy(std::shared_ptr<const policy::Policy> next, Instant now, WallTime wall);
  // When an entry ends: kNever unless it is time-boxed.
  Instant end_of(const policy::AllowEntry& entry) const;
};

nft::Base compile_base(const Inputs& inputs);
// Resolvers, literals and CIDRs: everything that no answer moves.
nft::Elements compile_static(const Inputs& inputs, Instant now);
// What the names that own this address open at it.
nft::Elements compile_address(const Inputs& inputs, const dns::NameTable& names,
                              const IpAddress& address, Instant now);
// The whole ruleset.
nft::Ruleset compile(const Inputs& inputs, const dns::NameTable& names, Instant now);

}  // namespace egress::engine
