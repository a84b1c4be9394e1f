// The fold: policy, resolvers and answers become one desired ruleset. Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "egress/core/limits.hpp"
#include "egress/dns/name_table.hpp"
#include "egress/engine/event.hpp"
#include "egress/nft/frames.hpp"
#include "egress/nft/ruleset.hpp"
#include "egress/nft/transaction.hpp"
#include "egress/policy/policy.hpp"

namespace egress::engine {

// All that decides the ruleset, but for the answers.
struct Inputs {
  std::shared_ptr<const policy::Policy> policy;
  policy::Resolvers resolvers;
  std::set<IpAddress> own_addresses;
  std::vector<nft::Link> links;
  nft::HeldLinks held;  // of them and the policy
  nft::Capabilities capabilities;
  std::optional<nft::DnsGuard> guard;  // where questions end when the policy says `dns: guard`
  // The entries of each name, and of each wildcard by its base; points into `policy`.
  using Index = std::unordered_map<DnsName, std::vector<const policy::AllowEntry*>>;
  Index by_name;
  Index by_base;
  // When time-boxed entries end, on our clock: fixed when an entry comes, whatever the civil clock
  // does later.
  std::unordered_map<const policy::AllowEntry*, Instant> ends;
  Posture posture = Posture::enforcing;
  Instant posture_until = kNever;
  std::size_t most_flows = 0;         // that the kernel tracks; 0: not known
  std::optional<WallTime> open_ends;  // the same by the civil clock, for the kernel

  // Returns what has changed, entry by entry.
  policy::EntriesChange set_policy(std::shared_ptr<const policy::Policy> next, Instant now,
                                   WallTime wall);
  Instant end_of_grant(const policy::AllowEntry& entry, const policy::EntriesChange& change,
                       Instant now, WallTime wall) const;
  void set_links(std::vector<nft::Link> found);
  // When an entry ends: kNever unless it is time-boxed.
  Instant end_of(const policy::AllowEntry& entry) const;
  // The entries that open this name: those that name it, and the wildcards that cover it. A
  // wildcard does not cover a well-known DoH endpoint, which would be a resolver beside the guard:
  // that has to be named.
  std::vector<const policy::AllowEntry*> entries_of(const DnsName& name) const;
  bool names(const DnsName& name) const { return by_name.contains(name); }
  // Whether the records of a question for services or texts are told: those of a host with an entry that says so; of
  // services also the entry's transport.
  bool tells(const dns::Question& question) const;
  // Those of the host that open at `target` what the lead says.
  std::vector<const policy::AllowEntry*> entries_of(const dns::Lead& lead, const DnsName& target) const;
  // The wildcard that a name belongs to which no entry names; null: none covers it.
  const policy::Wildcard* wildcard_of(const DnsName& name) const;
};

// Whether the policy wants the guard: it says `dns: guard`, and enforces. In audit mode nothing is
// refused, and so no name is either.
bool wants_guard(const Inputs& inputs);
// Whether questions end at the guard now: the posture lets the policy have its way.
bool is_guarded(const Inputs& inputs);
// Whether programs are given what is held of names that the policy names, and nothing is asked for
// them: then the moments of all questions for such names are our own.
bool keeps_own_clock(const Inputs& inputs);
// Why this entry does not open this address of one of its names; empty: it does.
std::optional<std::string_view> objection(const Inputs& inputs, const policy::AllowEntry& entry,
                                          const IpAddress& address);
// Why an SRV record that leads to `target` opens nothing by this entry of its host; empty: it does.
std::optional<std::string_view> objection_to_lead(const policy::AllowEntry& entry, const dns::Lead& lead,
                                                  const DnsName& target);
// Whether programs may be told an address of this host itself, which is open without the entry.
bool tells_own(const Inputs& inputs, const policy::AllowEntry& entry, const IpAddress& address);
// Why a program is not told this address of one of the entry's names; empty: it is.
std::optional<std::string_view> withheld(const Inputs& inputs, const policy::AllowEntry& entry,
                                         const IpAddress& address);
// Whether everything passes: in audit mode, and while root has opened the host.
bool refuses_nothing(const Inputs& inputs);
nft::Base compile_base(const Inputs& inputs);
nft::FrameFilter compile_frames(const Inputs& inputs);
// Whether root reaches the cloud's metadata service now, and until when at the latest. `Instant` counts from the boot on.
inline constexpr Instant kMetadataCloses{limits::kBootMetadata};
bool opens_metadata(const Inputs& inputs, Instant now);
// Resolvers, literals, CIDRs and metadata: everything that no answer moves.
nft::Elements compile_static(const Inputs& inputs, Instant now);
// What the names that own this address open at it.
nft::Elements compile_address(const Inputs& inputs, const dns::NameTable& names,
                              const IpAddress& address, Instant now);
// What this name alone opens at one of its addresses.
nft::Elements compile_name(const Inputs& inputs, const DnsName& name, const dns::NameState& state,
                           const dns::HeldAddress& held, Instant now);
// The whole ruleset.
nft::Ruleset compile(const Inputs& inputs, const dns::NameTable& names, Instant now);

}  // namespace egress::engine
