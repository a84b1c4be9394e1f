// What DNS told us: names, their addresses with ends, and when to ask again. Pure: time comes in,
// questions and touched addresses go out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "egress/dns/lookup.hpp"

namespace egress::dns {

// How long what is learnt counts. The lifetime of an address is its TTL, clamped, plus the grace.
struct Lifetimes {
  seconds min_ttl{5};
  seconds max_ttl{3600};
  seconds grace{900};
  seconds stale{0};  // how long past its TTL an answer may be given while the resolvers fail (RFC 8767)
  bool is_own_clock = false;  // names that are not learnt are asked for a random while before their answer is over
  bool operator==(const Lifetimes&) const = default;
};
// TTL 0 and TTLs of 2^31 and more (RFC 2181 section 8) count as the least.
seconds clamp_ttl(seconds ttl, const Lifetimes& lifetimes);

// The pause before the next try after `failures` failures in a row: 5 s ten times, then doubling to
// 2 min.
seconds retry_delay(int failures);

struct HeldAddress {
  IpAddress address;
  Instant first_seen{};
  Instant last_seen{};
  Instant expires{};        // last seen + TTL + grace
  bool is_current = false;  // in the latest answer of its family
};

// One family of one name.
struct FamilyState {
  enum class Phase { waiting, queued, asked };
  Phase phase = Phase::waiting;
  bool is_wanted = false;     // queued ahead, since a program waits
  Instant next_ask{};         // when waiting
  bool was_answered = false;  // at least one answer or failure has come since the name is tracked
  Status status = Status::timeout;
  int failures = 0;  // in a row
  Instant answered_at{};
  seconds ttl{0};  // as received
  std::vector<std::string> chain{};
  std::string zone{};      // whose SOA said that there is none
  std::string resolver{};  // who answered last
  Instant stale_until{};  // how long the last addresses may be given while the resolvers fail

  // The question that was asked is answered, however.
  void end(const Answer& answer, Instant now);
};

// How long an answer counts that programs are given: what it says, but not longer than the highest TTL.
seconds told_ttl(const FamilyState& answer, const Lifetimes& lifetimes);

// A service of `host` stands at this name: an SRV record says so.
struct Lead {
  DnsName host;
  Transport transport = Transport::tcp;
  Port port = 0;
  Instant expires{};  // last seen + TTL (clamped) + grace
  bool is_same_service(const Lead& other) const {
    return host == other.host && transport == other.transport && port == other.port;
  }
  std::string group() const { return "srv " + host.text(); }  // of the names that are learnt by it; no wildcard's
};

struct NameState {
  FamilyState v4{};
  FamilyState v6{};
  std::vector<HeldAddress> addresses{};
  Instant deadline = kNever;  // the earliest of its questions and ends, as scheduled
  // A name below a wildcard, learnt because a program asked: it is asked for only when wanted, and forgotten when unused.
  const std::string* group = nullptr;  // the wildcard; null: the policy names it
  Instant wanted_at{};                 // when a program last asked; of learnt names only
  std::vector<Lead> leads{};  // at most limits::kLeadsPerName, also of names that the policy names
  std::vector<std::uint32_t> askers{};  // users whose programs asked, the first limits::kAskers of them

  FamilyState& family(Family f) { return f == Family::ipv4 ? v4 : v6; }
  const FamilyState& family(Family f) const { return f == Family::ipv4 ? v4 : v6; }
  const HeldAddress* find(const IpAddress& address) const;
  bool is_settled() const { return v4.was_answered && v6.was_answered; }
};

class NameTable {
 public:
  using Touched = std::vector<IpAddress>;  // addresses whose owners or ends may have changed

  void set_lifetimes(const Lifetimes& lifetimes) { lifetimes_ = lifetimes; }
  const Lifetimes& lifetimes() const { return lifetimes_; }
  // Of what is random here. Who knows it can tell the moments of questions beforehand.
  void seed(std::uint64_t seed) { random_ = seed; }
  // Follows the name from now on; a new one is due at once and ahead of the queue.
  void follow(const DnsName& name, Instant now);
  // Keeps a name below the wildcard `group` because a program asked for it, or because the policy names it no more but the
  // wildcard covers it. Past the limits the name that was not wanted for longest is forgotten, of the same wildcard where
  // that is full; what the policy names never is. The same happens where all learnt names together hold too many addresses.
  Touched learn(const DnsName& name, const std::string& group, Instant now);
  // A service stands at the name until lead.expires at least. A name that is new is learnt in lead.group(). Nothing
  // changes where the name has no room for another lead.
  Touched lead(const DnsName& name, const Lead& lead, Instant now);
  // Takes away the leads of which `is_gone` is true. The names stay.
  Touched drop_leads(const std::function<bool(const DnsName& name, const Lead& lead)>& is_gone);
  // A program waits for this answer. The question is asked once, ahead of all refreshes; nothing happens if it is under way.
  void want(const Question& question, Instant now);
  // A program was given an answer from what is held: a learnt name that is in use is not the one to be forgotten.
  void use(const DnsName& name, Instant now);
  // The same from an answer that is over: its addresses stay until programs must have asked again, and the grace.
  void use_stale(const Question& question, Instant now);
  // An address of the name that is in use stays until `expires`, or longer where that is already so.
  Touched keep(const DnsName& name, const IpAddress& address, Instant expires);
  // Calls `take` with the names and addresses that end at `until` or before.
  template <class Take>
  void for_each_ending(Instant until, const Take& take) const {
    for (auto at = schedule_.begin(); at != schedule_.end() && at->deadline <= until; ++at)
      for (const HeldAddress& held : names_.at(*at->name).addresses)
        if (held.expires <= until) take(*at->name, held.address);
  }
  void note_asker(const DnsName& name, std::uint32_t user);
  // Forgets the name and all that was learnt about it.
  Touched forget(const DnsName& name);
  // A last-known-good address from an earlier run; ignored unless the name is tracked and `expires`
  // is ahead. An end beyond what a fresh answer could give is shortened to that.
  Touched restore(const DnsName& name, const IpAddress& address, Instant expires, Instant now);
  // Takes an answer in. Answers to names no longer tracked change nothing.
  Touched absorb(const Answer& answer, Instant now);
  // Drops the addresses whose end has come and queues the questions whose time has come.
  Touched advance(Instant now);
  // The next questions to send, while fewer than limits::kLookupsInFlight are under way.
  std::vector<Question> take_questions();
  // Asks every name whose last lookup failed again at once (the resolvers have changed).
  void retry_failing(Instant now);
  // What was said of these names counts no more, since others are asked for them now: they are asked for anew, learnt ones
  // when a program asks. Their addresses stay until their end.
  void doubt(Instant now, const std::function<bool(const DnsName&)>& is_doubtful);

  Instant next_deadline() const;
  const NameState* find(const DnsName& name) const;
  // The names that hold the address; valid until the next change.
  std::span<const DnsName* const> owners(const IpAddress& address) const;
  const std::unordered_map<DnsName, NameState>& names() const { return names_; }
  std::size_t address_count() const { return owners_.size(); }
  std::size_t learnt_count() const { return learnt_; }
  // Held of learnt names; an address of two of them counts twice.
  std::size_t learnt_address_count() const { return learnt_addresses_; }

 private:
  // Names are looked up in names_ by the caller, so that references to its keys can be kept.
  void schedule(const DnsName& name, NameState& state, Instant deadline);
  void reschedule(const DnsName& name, NameState& state);
  void hold(const DnsName& name, NameState& state, const HeldAddress& held);
  void release(const DnsName& name, NameState& state, const IpAddress& address);
  bool make_room(const DnsName& name, NameState& state, Touched& touched);
  bool make_room_for_learnt(const DnsName& name, Touched& touched);
  void shrink(const DnsName& name, NameState& state, Touched& touched);
  void take_addresses(const Answer& answer, const DnsName& name, NameState& state, Instant now,
                      Touched& touched);
  static void drop_leads_of(NameState& state, const std::function<bool(const Lead&)>& is_gone, Touched& touched);
  void enqueue(const DnsName& name, NameState& state, Family family, bool ahead);
  std::optional<Question> next_question();
  Touched make_room_in(const std::string& group);
  static void take_negative(const Answer& answer, NameState& state);
  void stretch(NameState& state, Family family, Instant now) const;
  void move_in_group(const DnsName& name, NameState& state, Instant wanted_at);
  void leave_group(const DnsName& name, NameState& state);
  Instant earliest_deadline(const NameState& state) const;
  milliseconds jittered(seconds pause);

  Lifetimes lifetimes_;
  std::uint64_t random_ = 0;
  struct Due {
    Instant deadline;
    const DnsName* name;
    bool operator<(const Due& other) const {
      return deadline != other.deadline ? deadline < other.deadline : *name < *other.name;
    }
  };

  std::unordered_map<DnsName, NameState> names_;  // its keys are what the others point to
  std::unordered_map<IpAddress, std::vector<const DnsName*>> owners_;
  std::set<Due> schedule_;  // each name at most once, by NameState::deadline
  std::map<std::string, std::set<Due>> groups_;  // learnt names by wildcard, the least wanted first
  std::set<Due> holders_;  // the learnt names that hold addresses, the least wanted first
  std::size_t learnt_ = 0;
  std::size_t learnt_addresses_ = 0;
  std::deque<Question> wanted_;  // by programs that wait, the first come first
  std::deque<Question> queue_;   // refreshes
  std::set<Question> in_flight_;  // as many as the resolver still owes us, also for forgotten names
};

}  // namespace egress::dns
