// What reaches the engine, and what it wants done.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "egress/dns/lookup.hpp"
#include "egress/nft/kernel.hpp"
#include "egress/policy/policy.hpp"

namespace egress::engine {

// ---- events ----------------------------------------------------------------

struct PolicyChanged {
  std::shared_ptr<const policy::Policy> policy;
  WallTime wall;  // the civil time now: what `until` is measured against
};
struct ResolversChanged {
  std::vector<policy::ResolverAddress> resolvers;  // those in force, from the policy or the system
};
struct OwnAddressesChanged {
  std::set<IpAddress> addresses;
};
// An address from the last-known-good file; `expires` is already on our clock.
struct Restored {
  DnsName name;
  IpAddress address;
  Instant expires;
};
struct Answered {
  dns::Answer answer;
};
// The kernel's word on the last Commit action.
struct CommitDone {
  nft::CommitOutcome outcome;
};
// Our table may no longer be what we believe: install it anew.
struct TableDoubted {};

using Event = std::variant<PolicyChanged, ResolversChanged, OwnAddressesChanged, Restored, Answered,
                           CommitDone, TableDoubted>;

// ---- actions ---------------------------------------------------------------

struct Ask {
  dns::Question question;
};
// Exactly one CommitDone must follow before the engine is asked to act again.
struct Commit {
  nft::Transaction transaction;
};
// Cut the tracked connections for which Engine::must_cut is true.
struct CutFlows {
  std::vector<nft::ElementKey> revoked;
};
// Write the last-known-good file.
struct SaveKnown {};
// A time-boxed entry is over and closed; the policy may forget it.
struct GrantEnded {
  std::string target;
};
// One line for the log: a decision, with key=value fields. Values from outside are not yet escaped.
struct Notice {
  enum class Level { debug, info, warning, error };
  Level level = Level::info;
  std::string event;  // "name-failed"
  std::vector<std::pair<std::string, std::string>> fields;
};

using Action = std::variant<Ask, Commit, CutFlows, SaveKnown, GrantEnded, Notice>;

}  // namespace egress::engine
