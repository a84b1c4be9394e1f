// Carries out what clients of the control socket ask for. Changes are answered at once, but for
// `allow`, which waits until the kernel has acknowledged every address of the names, or each has
// failed, or limits::kAllowWait is over. What changes nothing is passed on, to be answered by
// report() in another process.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/messages.hpp"
#include "control/server.hpp"
#include "egressd/dns_service.hpp"
#include "egressd/enforcer.hpp"
#include "egressd/frame.hpp"
#include "egressd/policy_store.hpp"
#include "egressd/reports.hpp"
#include "egressd/table_changes.hpp"

namespace egress::daemon {

// How much was announced in the minute that began then.
struct Announced {
  Instant since{};
  std::size_t endpoints = 0;
};

class ControlService {
 public:
  struct Hooks {
    std::function<void(control::ClientId, const control::Reply&)> reply;
    // A request that changes nothing.
    std::function<void(control::ClientId, const control::Request&, const control::Peer&)> read;
    // Makes the policy the one in force; all of it that can be done at once is done on return.
    std::function<void(policy::Policy)> adopt;
    // Reads all files anew; the problems, if any, and then nothing has changed.
    std::function<policy::Problems()> reload;
    // In force in the kernel on return, unless that refused it. A warning where not all is done.
    std::function<std::string(engine::Posture, Instant until)> set_posture;
    // Makes a policy the one in force until then; the problems, if any.
    std::function<policy::Problems(const MainText&, Instant until)> try_out;
    // The trial's text stands in the file by now: it stays. The problems, if any.
    std::function<policy::Problems()> confirm;
    // How the pinned resolvers answer.
    std::function<std::vector<control::ResolverReport>()> resolvers;
  };

  // `dns`: null where the guard cannot listen and the policy does without it.
  ControlService(Enforcer& enforcer, const DnsService* dns, PolicyStore& store, const Frame& frame,
                 const TableChanges& changes, Hooks hooks);

  // In a process that was forked when the changes stood at `since`, from a daemon all of whose
  // events were carried out. Empty: the table was made anew meanwhile, so that the reply says
  // nothing.
  std::optional<control::Reply> report(const control::Request& request, TableChanges::Mark since);

  void handle(control::ClientId client, const control::Request& request, const control::Peer& peer);
  // Answers the waiting clients whose names are through. Call after every turn of the loop.
  void settle();
  Instant next_deadline() const;

 private:
  struct Wait {
    control::ClientId client{};
    std::vector<std::string> targets{};  // canonical entries
    std::vector<std::string> already{};  // of these, the ones that were allowed before
    Instant since{};
    std::chrono::microseconds arrived{0};  // by the stopwatch
    std::chrono::microseconds kernel_before{0};
    std::vector<std::string> notes{};  // of the presets among the targets
  };

  control::Reply carry_out(const control::DenyRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::ListRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::StatusRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::WhyRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::DiffRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::ReloadRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::RefusalsRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::ProofRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::DnsRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::AnnounceRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::OpenRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::PanicRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::ResumeRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::ApplyRequest& request, const control::Peer& peer);
  control::Reply carry_out(const control::ConfirmRequest& request, const control::Peer& peer);
  control::Reply change_posture(engine::Posture posture, std::optional<std::int64_t> for_s,
                                const char* event, const control::Peer& peer);
  control::Reply carry_out(const control::HealthRequest& request, const control::Peer& peer);
  void allow(control::ClientId client, const control::AllowRequest& request,
             const control::Peer& peer);

  bool is_through(const Wait& wait) const;
  control::AllowReply conclude(const Wait& wait) const;
  // What /etc/hosts makes of a name that is allowed.
  void add_hosts_notes(const std::vector<const policy::AllowEntry*>& entries,
                       std::vector<std::string>& notes) const;
  control::TargetOutcome outcome(const policy::AllowEntry& entry) const;
  control::TargetOutcome refuse_to_deny(const std::string& target) const;
  Result<nft::Snapshot> read_kernel(const nft::Listing& listing);
  Result<nft::Snapshot> read_tables(const nft::Listing& listing);
  Result<Reading> read_all();
  bool is_held(const nft::ElementKey& key);
  std::optional<control::WhyReply> explain_local(const control::WhyRequest& request) const;
  control::Reply explain(const control::WhyRequest& request) const;
  control::Reply with_guest(control::WhyReply reply, const IpAddress& address) const;
  bool is_guarded() const { return dns_ != nullptr && dns_->is_on(); }
  const engine::Engine& engine() const { return enforcer_.engine(); }
  const policy::Policy& policy() const { return *engine().inputs().policy; }
  Instant now() const { return enforcer_.clock().now(); }

  Enforcer& enforcer_;
  const DnsService* dns_;
  PolicyStore& store_;
  const Frame& frame_;
  Hooks hooks_;
  std::list<Wait> waits_;
  const TableChanges& changes_;
  const std::int64_t pid_;  // the daemon's
  TableChanges::Mark since_ = 0;
  bool is_outdated_ = false;
  Announced announced_;  // by others than root
};

}  // namespace egress::daemon
