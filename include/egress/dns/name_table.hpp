// What DNS told us: names, their addresses with ends, and when to ask again. Pure: time comes in,
// questions and touched addresses go out.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
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
  Instant next_ask{};         // when waiting
  bool was_answered = false;  // at least one answer or failure has come since the name is tracked
  Status status = Status::timeout;
  int failures = 0;  // in a row
  Instant answered_at{};
  seconds ttl{0};  // as received
  std::vector<std::string> chain{};
};

struct NameState {
  FamilyState v4{};
  FamilyState v6{};
  std::vector<HeldAddress> addresses{};

  FamilyState& family(Family f) { return f == Family::ipv4 ? v4 : v6; }
  const FamilyState& family(Family f) const { return f == Family::ipv4 ? v4 : v6; }
  const HeldAddress* find(const IpAddress& address) const;
  bool is_settled() const { return v4.was_answered && v6.was_answered; }
};

class NameTable {
 public:
  using Touched = std::vector<IpAddress>;  // addresses whose owners or ends may have changed

  void set_lifetimes(const Lifetimes& lifetimes) { lifetimes_ = lifetimes; }
  // Follows exactly these names. New ones are due at once and ahead of the queue; dropped ones are
  // forgotten.
  Touched track(const std::set<DnsName>& wanted, Instant now);
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

  Instant next_deadline() const;
  const NameState* find(const DnsName& name) const;
  const std::set<DnsName>& owners(const IpAddress& address) const;
  const std::map<DnsName, NameState>& names() const { return names_; }
  std::size_t address_count() const { return owners_.size(); }

 private:
  void reschedule(const DnsName& name, const NameState& state);
  void unschedule(const DnsName& name);
  void hold(const DnsName& name, NameState& state, const HeldAddress& held);
  void release(const DnsName& name, const IpAddress& address);
  bool make_room(const DnsName& name, NameState& state, Touched& touched);
  void take_addresses(const Answer& answer, NameState& state, Instant now, Touched& touched);
  void enqueue(const DnsName& name, NameState& state, Family family, bool ahead);

  Lifetimes lifetimes_;
  std::map<DnsName, NameState> names_;
  std::unordered_map<IpAddress, std::set<DnsName>> owners_;
  std::unordered_map<DnsName, Instant> scheduled_;
  std::set<std::pair<Instant, DnsName>> schedule_;  // each name once, by its earliest deadline
  std::deque<Question> queue_;
  std::set<Question> in_flight_;  // as many as the resolver still owes us, also for forgotten names
};

}  // namespace egress::dns
