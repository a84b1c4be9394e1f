// An independent witness of what may be open: it sees the policy and the answers, keeps books in
// the simplest way, and shares no code with the engine's fold.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "egress/dns/lookup.hpp"
#include "egress/nft/kernel.hpp"
#include "egress/policy/policy.hpp"

namespace egress::sim {

class Witness {
 public:
  void see_policy(std::shared_ptr<const policy::Policy> policy, Instant now, WallTime wall);
  // What was not in the file yet is forgotten: nothing is owed until the next answer. The file
  // speaks of the civil clock, which may be anything by now.
  void see_crash(Instant now);
  void see_answer(const dns::Answer& answer, Instant now);

  // Why an accepted destination is not justified at `now`; empty: it is (invariant 1).
  std::string objection(const nft::LiveElement& element, Instant now) const;
  // Destinations that must be open at `now`, because the latest answer of an entry's name holds
  // them and its minimum lifetime is not over (invariants 3 and 6).
  std::vector<Endpoint> owed(Instant now) const;
  // Whether an entry names or covers it.
  bool names(const DnsName& name) const;
  const policy::Policy& policy() const { return *policy_; }

 private:
  struct Sighting {
    Instant latest_end{};  // of all answers so far: seen + TTL + grace
  };
  struct Latest {
    dns::Answer answer;
    Instant since{};
    std::size_t taken = 0;  // the most addresses of it
  };
  // Grants by their target and the civil time of their end. The last one holds from the moment that
  // the running engine first saw it; the civil clock may shorten it.
  struct End {
    Instant soonest{}, latest{};
  };
  End end_of(const policy::AllowEntry& entry) const;
  seconds stale() const;
  bool is_crowded(const DnsName& name) const;
  std::size_t addresses_taken(const DnsName& name) const;
  bool is_justified(const policy::AllowEntry& entry, const Endpoint& endpoint, Instant now) const;

  std::shared_ptr<const policy::Policy> policy_;
  std::map<std::pair<std::string, WallTime>, End> ends_;
  std::map<std::pair<DnsName, IpAddress>, Sighting> seen_;
  std::set<DnsName> asked_names_;
  std::map<dns::Question, Latest> latest_;
};

}  // namespace egress::sim
