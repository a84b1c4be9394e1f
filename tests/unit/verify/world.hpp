// A network and a daemon that answer a whole run of `verify`, without a socket.
#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <vector>

#include "egress/core/time_text.hpp"
#include "egressctl/verify/prove.hpp"
#include "fixtures.hpp"

namespace egress::verify {

using Network = std::function<probe::Observation(const Probe&)>;

// What the DNS guard answers for the names of guarded_policy().
inline probe::Observation guard_answer(const Probe& probe) {
  switch (*probe.guard) {
    case GuardAnswer::addresses:
      return answer(0, {ip(probe.type == probe::kTypeA ? "192.0.2.1" : "2001:db8::1")});
    case GuardAnswer::no_data:
      return answer(0, {});
    default:
      return refused_by_guard();
  }
}

// What is allowed works: the resolver answers, and every endpoint.
inline probe::Observation allowed_answer(const Probe& probe) {
  if (probe.guard) return guard_answer(probe);
  return probe.method == Method::dns ? answer(0, {ip("192.0.2.1")}) : reached();
}

// What is not is refused by the guard, or as egressd's table rejects it.
inline probe::Observation closed_answer(const Probe& probe) {
  if (probe.guard) return guard_answer(probe);
  if (probe.outsider) return outcome(probe::Outcome::wrong_answer);
  if (is_disguised(probe) || probe.method == Method::error)
    return outcome(probe::Outcome::refused, EPERM);
  probe::Observation seen = outcome(probe::Outcome::refused, ECONNREFUSED);
  if (probe.method == Method::tcp || probe.method == Method::tls) return seen;
  if (probe.method == Method::fragment && probe.endpoint.port == 0)
    return outcome(probe::Outcome::refused, EPERM);
  seen.error = EHOSTUNREACH;
  seen.offender = ip("10.0.0.77");
  seen.offender_is_local = true;
  return seen;
}

struct World {
  control::ProofReply proof = small_policy();
  Network allowed = allowed_answer;
  Network outside = closed_answer;
  bool counts = true;             // the daemon's counters move for what is refused
  bool is_guard_counting = true;  // and those of its guard for what it answers
  std::function<void(Health&)> spoil_health = [](Health&) {};
  Attempt attempt{Attempt::Outcome::refused, "nobody", "no right"};
  bool is_established = true;  // what opens a flow is one that the connection tracking knows
  bool is_asked = true;        // flows that somebody outside begins arrive
  bool answers = false;        // it answers what came through in another's name
  std::vector<Passage> passages{};
  std::string user{};           // who probes; empty: root
  Result<void> neighbour = {};  // whether somebody outside can be played
  Result<void> granted = {};    // and something allowed for a moment

  Report verify() const;
};

// Both the daemon and whoever probes: the counters move with the probes.
class WorldRun : public Daemon, public Prober {
 public:
  explicit WorldRun(const World& world) : world_(world), proof_(world.proof) {}

  std::optional<control::ProofReply> proof() override { return proof_; }
  std::optional<control::RefusalsReply> refusals() override { return refusals_; }
  void announce(const std::vector<Endpoint>&, const std::vector<Endpoint>&) override {}
  std::optional<control::DnsReply> dns() override { return told_; }
  std::optional<Health> health() override {
    const Clocks here{Instant(milliseconds(1'000'000)), WallTime(seconds(1'000'000))};
    Health health{here, {}, here};
    health.reply.boottime_ms = 1'000'000;
    health.reply.wall = print_wall_time(here.wall);
    world_.spoil_health(health);
    return health;
  }
  std::optional<std::vector<Passage>> passages() override { return world_.passages; }
  std::string user() const override { return world_.user; }
  bool runs_as_root() const override { return world_.user.empty(); }
  Attempt attempt() override { return world_.attempt; }
  Result<void> meet_neighbour() override { return world_.neighbour; }
  std::uint64_t heard() const override { return heard_; }
  std::vector<Endpoint> be_asked() override {
    if (!world_.is_asked) return {};
    return {{ip("198.51.100.253"), Transport::udp, 40000},
            {ip("2001:db8:ffff:ffff::fe"), Transport::udp, 40000}};
  }
  std::vector<IpAddress> own_addresses() const override {
    return {ip("10.0.0.77"), ip("2001:db8:77::2")};
  }
  Result<void> grant(const std::vector<std::string>& targets) override {
    if (!world_.granted) return world_.granted;
    for (const std::string& target : targets)
      proof_.endpoints.push_back(endpoint(target, "", {"198.51.100.254"}));
    return {};
  }
  Result<void> revoke(const std::vector<std::string>&) override {
    proof_.endpoints = world_.proof.endpoints;
    return {};
  }
  std::optional<std::vector<Trial>> probe(const std::vector<Probe>& probes,
                                          const Progress&) override {
    std::vector<Trial> trials;
    for (const Probe& probe : probes) trials.push_back({probe, observe(probe)});
    return trials;
  }

 private:
  probe::Observation observe(const Probe& probe);
  probe::Observation observe_error(const Probe& probe);
  probe::Observation observe_source(const Probe& probe);
  void count(const Probe& probe);
  void tell(const Probe& probe, const probe::Observation& seen);

  const World& world_;
  std::uint64_t heard_ = 0;
  control::ProofReply proof_;
  control::RefusalsReply refusals_;
  control::DnsReply told_ = guard_counts({{"refused", 0}, {"filtered", 0}, {"no data", 0}});
};

inline void WorldRun::count(const Probe& probe) {
  if (!world_.counts) return;
  ++refusals_.refused_packets;
  if (!has_own_count(probe)) return;
  const Endpoint at = counted_endpoint(probe.endpoint);
  const auto own = std::ranges::find_if(refusals_.refusals, [&](const auto& one) {
    return one.address == at.address.text() && one.port == at.port &&
           one.transport == text(at.transport);
  });
  own == refusals_.refusals.end() ? refusals_.refusals.push_back(refusal(at, 1))
                                  : static_cast<void>(++own->packets);
}

// As the guard counts: by what it answered.
inline void WorldRun::tell(const Probe& probe, const probe::Observation& seen) {
  if (!world_.is_guard_counting || !probe.guard || !seen.was_answered()) return;
  const bool is_filter = probe.guard == GuardAnswer::no_inside;
  ++told_.counts[!seen.extended_error ? 2 : is_filter ? 1 : 0].questions;
}

// It takes a right.
inline probe::Observation WorldRun::observe_error(const Probe& probe) {
  if (!world_.user.empty()) return outcome(probe::Outcome::impossible, EPERM);
  const probe::Observation seen = world_.outside(probe);
  if (seen.outcome == probe::Outcome::refused) count(probe);
  if (seen.outcome != probe::Outcome::reached) return seen;
  ++heard_;  // an error has no answer: only who it went to knows
  return outcome(probe::Outcome::timeout);
}

// What comes through in another's name is answered, which the neighbour hears.
inline probe::Observation WorldRun::observe_source(const Probe& probe) {
  if (probe.method == Method::error) return observe_error(probe);
  const probe::Observation seen = world_.outside(probe);
  if (is_disguised(probe) && seen.error == EPERM && world_.counts) ++refusals_.foreign_packets;
  if (world_.answers && is_disguised(probe) && seen.outcome == probe::Outcome::reached) ++heard_;
  return seen;
}

inline probe::Observation WorldRun::observe(const Probe& probe) {
  if (probe.kind.group() == Group::source) return observe_source(probe);
  if (probe.method == Method::open_flow) {
    for (auto& endpoint : proof_.endpoints)
      if (endpoint.target == probe.target)
        endpoint.addresses.front().hits += world_.is_established ? 1 : 2;
    return reached();
  }
  const bool is_lookup = probe.method == Method::dns && !probe.guard;
  const bool is_refusal = probe.kind.group() == Group::refused;
  if (!is_refusal) return world_.allowed(probe);
  if (is_lookup && probe.kind != KindId("refused.dns-foreign-udp")) {
    probe::Observation seen = world_.allowed(probe);
    if (!seen.addresses.empty()) seen.addresses = {ip("203.0.113.9")};
    return seen;
  }
  const probe::Observation seen = world_.outside(probe);
  if (seen.outcome == probe::Outcome::refused) count(probe);
  tell(probe, seen);
  return seen;
}

inline Report World::verify() const {
  WorldRun run(*this);
  return prove(run, run, {}, [](std::string_view, std::size_t, std::size_t) {}).value();
}

}  // namespace egress::verify
