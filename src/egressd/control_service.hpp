// Carries out what clients of the control socket ask for. Answers at once, but for `allow`, which
// waits until the kernel has acknowledged every address of the names, or each has failed, or
// limits::kAllowWait is over.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "control/messages.hpp"
#include "control/server.hpp"
#include "egressd/dns_service.hpp"
#include "egressd/enforcer.hpp"
#include "egressd/policy_store.hpp"

namespace egress::daemon {

// What others did to our table where they can.
struct Drift {
  std::uint64_t count = 0;
  std::string last;                        // "nft (pid 1234)"
  std::chrono::microseconds undone_in{0};  // the last one, from the notice to the acknowledgement
};

// What only the daemon's frame knows.
struct Frame {
  Instant started{};
  std::string resolver_source;
  Drift drift;
  std::vector<std::string> warnings;  // shown by `status` until the next good reload
};

class ControlService {
 public:
  struct Hooks {
    std::function<void(control::ClientId, const control::Reply&)> reply;
    // Makes the policy the one in force; all of it that can be done at once is done on return.
    std::function<void(policy::Policy)> adopt;
    // Reads all files anew; the problems, if any, and then nothing has changed.
    std::function<policy::Problems()> reload;
    // How the pinned resolvers answer.
    std::function<std::vector<control::ResolverReport>()> resolvers;
  };

  // `dns`: null where the guard cannot listen and the policy does without it.
  ControlService(Enforcer& enforcer, const DnsService* dns, PolicyStore& store, const Frame& frame,
                 Hooks hooks);

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
  control::Reply carry_out(const control::HealthRequest& request, const control::Peer& peer);
  void allow(control::ClientId client, const control::AllowRequest& request,
             const control::Peer& peer);

  bool is_through(const Wait& wait) const;
  control::AllowReply conclude(const Wait& wait) const;
  control::TargetOutcome outcome(const policy::AllowEntry& entry) const;
  control::TargetOutcome refuse_to_deny(const std::string& target) const;
  Result<nft::Snapshot> read_kernel();
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
};

}  // namespace egress::daemon
