// The engine: events in, actions out, under a clock that is handed in. It owns what is desired and
// what the kernel has acknowledged, and nothing else in the daemon decides what is open.
//
// Use: handle() every event as it comes, then act() once per turn of the loop and carry the actions
// out; call act() again at next_deadline() at the latest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "egress/dns/name_table.hpp"
#include "egress/dns/record_table.hpp"
#include "egress/dns/service_name.hpp"
#include "egress/engine/compile.hpp"
#include "egress/engine/event.hpp"
#include "egress/nft/transaction.hpp"

namespace egress::engine {

// How an entry stands, for `list`, `why` and the answer to `allow`.
struct Standing {
  enum class State {
    resolving,  // no answer yet, or the kernel has not acknowledged it
    open,
    stale,    // open by addresses of an earlier answer; lookups fail now
    failing,  // nothing is open
  };
  State state = State::resolving;
  std::vector<std::pair<IpAddress, Instant>> addresses;  // open in the kernel, with their ends
  std::string error;  // "A: NXDOMAIN; AAAA: NXDOMAIN", or which addresses were filtered and why
};

// What a program may be told of a name now.
struct Release {
  enum class State {
    unknown,      // no answer that still counts: the resolvers must be asked
    unconfirmed,  // answered, but the kernel has not acknowledged all of it
    ready,
  };
  State state = State::unknown;
  dns::Status status = dns::Status::timeout;
  bool is_stale = false;     // past its TTL, given because the resolvers fail (RFC 8767)
  bool is_filtered = false;  // addresses or services were left out that no entry permits
  seconds ttl{0};
  std::vector<IpAddress> addresses;  // open in the kernel beyond the TTL by the grace, or our own
  // The same of services and texts: services whose target is open to those who ask for its addresses.
  std::vector<const dns::Service*> services;
  std::span<const dns::Text> texts;
  const dns::FamilyState* lookup = nullptr;  // chain and zone; valid until the next event
};

class Engine {
 public:
  // `seed`: of what is random in the moments of questions.
  explicit Engine(const nft::Capabilities& capabilities,
                  std::optional<nft::DnsGuard> guard = std::nullopt, std::uint64_t seed = 0);

  void handle(const Event& event, Instant now);
  std::vector<Action> act(Instant now);
  // The moment by which act() must be called, kNever if only an event can bring work.
  Instant next_deadline() const;

  // Whether the kernel has acknowledged a whole table and holds it as far as we know.
  bool is_enforcing() const { return installed_.has_value(); }
  bool has_policy() const { return inputs_.policy != nullptr; }
  // Nothing is waiting to be committed.
  bool is_settled() const;
  const nft::Ruleset* installed() const { return installed_ ? &*installed_ : nullptr; }
  nft::Ruleset desired(Instant now) const { return compile(inputs_, names_, now); }
  const dns::NameTable& names() const { return names_; }
  const dns::RecordTable& records() const { return records_; }
  // Whether a service of an entry stands at this name now, so that programs may ask for its addresses.
  bool is_led_to(const DnsName& name, Instant now) const { return !entries_leading_to(name, now).empty(); }
  // The entries of the hosts whose services stand at this name now.
  std::vector<const policy::AllowEntry*> entries_leading_to(const DnsName& name, Instant now) const;
  const Inputs& inputs() const { return inputs_; }

  Standing standing(const policy::AllowEntry& entry, Instant now) const;
  // The same for one name that the entry opens, which a wildcard may do for many.
  Standing standing_of_name(const policy::AllowEntry& entry, const DnsName& name,
                            Instant now) const;
  // An answer counts within its TTL, and for those who asked at `since` or before also when its TTL
  // is 0. Reuses the memory of `release`.
  void release(const dns::Question& question, Instant since, Instant now, Release& release) const;
  // Addresses of names with an entry for time servers that end soon, unless they are still in use.
  std::vector<Endpoint> time_servers_ending(Instant now) const;
  // Whether the links are held as they should be.
  bool filters_frames() const { return frames_.installed.has_value() && !frames_.is_dirty; }
  // Whether a tracked connection goes to a resolver past the guard; without a guard: whether the
  // redirect of before leads it to the guard's port.
  bool is_misled(const nft::Flow& flow) const;
  // Whether a tracked connection that leaves this host, or may come from a held interface, goes to
  // what no entry opens.
  bool is_unlisted(const nft::Flow& flow, Instant now) const;
  // True for a flow that a revoked element had admitted and nothing admits any more.
  bool must_cut(const nft::Flow& flow, const std::vector<nft::ElementKey>& revoked,
                Instant now) const;
  // True for a flow from before our table that began here or behind a held interface, leads out,
  // and that `permitted`, the desired ruleset, does not admit.
  bool must_end(const nft::Flow& flow, const nft::Ruleset& permitted, Instant now) const;
  bool is_inbound(const nft::Session& session) const;
  // The link of containers or machines of this host behind which the address is, where the host's own programs reach
  // them without an entry; nullptr: none. `networks`: those there are now.
  const std::string* served_link(const IpAddress& address,
                                 const std::vector<SessionsFound::Network>& networks) const;
  // Whether a tracked flow from before our table, other than a TCP connection, leads to this host or to a
  // held interface and began with a source that is of neither.
  bool is_strangers(const nft::Flow& flow) const;
  // Whose a flow is that stays on this host and that no entry opens: of a link behind which it begins, or (empty)
  // of this host. nullopt: it is none of these.
  std::optional<std::string> side_of(const nft::Flow& flow, Instant now) const;

 private:
  void on(const PolicyChanged& event, Instant now);
  void on(const ResolversChanged& event, Instant now);
  void on(const OwnAddressesChanged& event, Instant now);
  void on(const LinksChanged& event, Instant now);
  void on(const Restored& event, Instant now);
  void on(const Answered& event, Instant now);
  void on(const Wanted& event, Instant now);
  void on(const Used& event, Instant now);
  void on(const Asker& event, Instant now);
  void on(const CommitDone& event, Instant now);
  void on(const FramesFiltered& event, Instant now);
  void on(const TableDoubted& event, Instant now);
  void on(const SessionsFound& event, Instant now);
  void on(const PostureChanged& event, Instant now);
  void on(const NetworksFound& event, Instant now);
  void on(const FlowsCounted& event, Instant now);
  void on(const TimeServersUsed& event, Instant now);
  void on(const CrowdForgotten& event, Instant now);

  // Why an address has to be compared with the kernel. What a policy takes away is revoked: the
  // flows that it had admitted are cut. What DNS takes away only ends. `told` is an answer that a
  // program is told of: its elements last as long as they are desired, not nearly so.
  enum class Cause { answer, told, policy };
  void touch(const dns::NameTable::Touched& addresses, Cause cause = Cause::answer);
  void touch_everything();
  // Calls `take` with each name that the entry opens and what is known of it.
  template <class Take>
  void for_each_name(const policy::AllowEntry& entry, const Take& take) const;
  void drop_name(const DnsName& name, Instant now);
  void drop_uncovered(const policy::EntriesChange& change);
  void learn(const DnsName& name, Instant now);
  void take_records(const dns::Answer& answer, Instant now);
  void take_service(const dns::ServiceName& name, const dns::Service& service, Instant expires,
                    bool is_new, Instant now);
  void note_lead(const dns::ServiceName& name, const dns::Service& service, std::string_view why);
  void drop_services(const policy::EntriesChange& change);
  void release_records(const dns::Question& question, Instant since, Instant now,
                       Release& release) const;
  bool release_service(const dns::ServiceName& name, const dns::Service& service, Instant now,
                       Release& release) const;
  void touch_entry(const policy::AllowEntry& entry);
  void end_grants(Instant now);
  void end_metadata();
  void set_lifetimes();
  void set_posture(Posture posture, Instant until, Instant now);
  void end_posture(Instant now);
  void note(Notice::Level level, std::string event,
            std::vector<std::pair<std::string, std::string>> fields);
  void note_answer(const dns::Answer& answer);
  void note_filtered(const DnsName& name, const std::vector<IpAddress>& fresh);
  std::optional<Commit> plan_commit(Instant now);
  nft::Transaction plan_update(Instant now);
  nft::Transaction plan_replacement(Instant now);
  void plan_static(nft::Transaction& transaction, Instant now);
  void plan_address(const IpAddress& address, Cause cause, nft::Transaction& transaction,
                    Instant now);
  void revoke(const nft::Elements& installed, const nft::Elements& desired, Instant now);
  Standing standing_of_prefix(const policy::AllowEntry& entry, Instant now) const;
  Standing standing_of_services(const policy::AllowEntry& entry, Instant now) const;
  void add_all_open(const policy::AllowEntry& entry, Instant now, Standing& standing) const;
  void add_open(const policy::AllowEntry& entry, const DnsName& name, const dns::NameState& state,
                Instant now, Standing& standing) const;
  bool is_given_from_what_is_held(const DnsName& name) const;
  bool release_address(const dns::HeldAddress& held, const DnsName& name, Instant now,
                       Release& release) const;
  std::vector<nft::ElementKey> admitted_by(const policy::AllowEntry& entry) const;
  void plan_save(Instant now, bool is_urgent);
  void plan_adoption(Instant now);
  bool is_own(const IpAddress& address) const;
  const SessionsFound::Network* network_of(const IpAddress& address) const;
  bool is_held(const IpAddress& address) const;
  // Whether this host reaches a guest of its own.
  bool is_served(const nft::Flow& flow) const;
  bool is_routed_here(const IpAddress& address) const;  // of other machines, by a held link
  std::optional<std::string> side_of(const IpAddress& address) const;
  void plan_frames(Instant now);

  Inputs inputs_;
  dns::NameTable names_;
  dns::RecordTable records_;
  std::optional<nft::Ruleset>
      installed_;  // what the kernel acknowledged; empty: unknown, replace it

  // What may have changed since the last commit, and is to be compared.
  bool is_static_dirty_ = false;  // literals, CIDRs and resolvers
  std::map<IpAddress, Cause> dirty_;

  struct UnderWay {
    nft::Transaction transaction;
    Instant since;
    std::vector<nft::ElementKey> revoked;
  };
  std::optional<UnderWay> under_way_;
  std::vector<nft::ElementKey> revoked_;  // to cut once a commit that removes them is acknowledged
  bool was_lax_ = false;  // the kernel may hold, or have held, a table that lets everything pass
  int failed_commits_ = 0;
  Instant retry_at_{};
  // The frame filter: what the kernel acknowledged (empty: unknown), and what it was last asked
  // for.
  struct Frames {
    std::optional<nft::FrameFilter> installed;
    nft::FrameFilter asked;
    bool is_under_way = false;
    bool is_dirty = true;
    Instant retry_at{};
  };
  Frames frames_;
  struct Sweep {
    bool is_under_way = false;  // a ForgetCrowd is
    std::size_t excess = 0;     // of the last one
    Instant rest_until{};
  };
  Sweep sweep_;
  Instant next_end_ = kNever;  // the earliest end of a time-boxed entry
  Instant save_at_ = kNever;
  std::optional<std::vector<nft::Session>> found_sessions_;  // to be adopted
  std::vector<SessionsFound::Network> networks_;             // as they were then
  std::vector<Action> outbox_;
};

template <class Take>
void Engine::for_each_name(const policy::AllowEntry& entry, const Take& take) const {
  if (const DnsName* named = entry.name()) {
    if (const dns::NameState* state = names_.find(*named)) take(*named, *state);
    if (!entry.service_domain) return;
    const auto is_of_host = [&](const dns::Lead& lead) { return lead.host == *named; };
    for (const auto& [name, state] : names_.names())
      if (name != *named && std::ranges::any_of(state.leads, is_of_host)) take(name, state);
  } else if (const policy::Wildcard* wildcard = entry.wildcard()) {
    for (const auto& [name, state] : names_.names())
      if (wildcard->covers(name)) take(name, state);
  }
}

}  // namespace egress::engine
