// The engine: events in, actions out, under a clock that is handed in. It owns what is desired and
// what the kernel has acknowledged, and nothing else in the daemon decides what is open.
//
// Use: handle() every event as it comes, then act() once per turn of the loop and carry the actions
// out; call act() again at next_deadline() at the latest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "egress/dns/name_table.hpp"
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

class Engine {
 public:
  explicit Engine(const nft::Capabilities& capabilities);

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
  const Inputs& inputs() const { return inputs_; }

  Standing standing(const policy::AllowEntry& entry, Instant now) const;
  // True for a flow that a revoked element had admitted and nothing admits any more.
  bool must_cut(const nft::Flow& flow, const std::vector<nft::ElementKey>& revoked,
                Instant now) const;

 private:
  void on(const PolicyChanged& event, Instant now);
  void on(const ResolversChanged& event, Instant now);
  void on(const OwnAddressesChanged& event, Instant now);
  void on(const Restored& event, Instant now);
  void on(const Answered& event, Instant now);
  void on(const CommitDone& event, Instant now);
  void on(const TableDoubted& event, Instant now);

  // Why an address has to be compared with the kernel. What a policy takes away is revoked: the flows that it had
  // admitted are cut. What DNS takes away only ends.
  enum class Cause { answer, policy };
  void touch(const dns::NameTable::Touched& addresses, Cause cause = Cause::answer);
  void touch_everything();
  void touch_entry(const policy::AllowEntry& entry);
  void end_grants(Instant now);
  void note(Notice::Level level, std::string event,
            std::vector<std::pair<std::string, std::string>> fields);
  void note_answer(const dns::Answer& answer);
  void note_filtered(const DnsName& name, const std::vector<IpAddress>& fresh);
  std::optional<Commit> plan_commit(Instant now);
  nft::Transaction plan_update(Instant now);
  nft::Transaction plan_replacement(Instant now);
  void plan_static(nft::Transaction& transaction, Instant now);
  void plan_address(const IpAddress& address, Cause cause, nft::Transaction& transaction, Instant now);
  void revoke(const nft::Elements& installed, const nft::Elements& desired, Instant now);
  std::vector<nft::ElementKey> admitted_by(const policy::AllowEntry& entry) const;
  void plan_save(Instant now, bool is_urgent);

  Inputs inputs_;
  dns::NameTable names_;
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
  int failed_commits_ = 0;
  Instant retry_at_{};
  Instant next_end_ = kNever;  // the earliest end of a time-boxed entry
  Instant save_at_ = kNever;
  std::vector<Action> outbox_;
};

}  // namespace egress::engine
