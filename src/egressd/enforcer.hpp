// The engine with its two arms: it carries actions out on the kernel and the resolver, and tells
// the engine what came of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "egress/core/time.hpp"
#include "egress/dns/lookup.hpp"
#include "egress/engine/engine.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::daemon {

struct Tally {
  std::uint64_t commits = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t cut_flows = 0;
  std::chrono::microseconds last_commit{0};
  std::chrono::microseconds in_kernel{0};  // all commits together
};

class Enforcer {
 public:
  // `guard`: where the DNS guard listens, and as whom egressd asks.
  Enforcer(nft::Kernel& kernel, dns::Resolver& resolver, const Clock& clock, nft::DnsGuard guard);

  // Called when the last-known-good file is to be written.
  void on_save(std::function<void()> save) { save_ = std::move(save); }
  // Called with each question that goes to the resolvers.
  void on_ask(std::function<void(const dns::Question&)> asked) { asked_ = std::move(asked); }
  // Called before a change of the table is sent: of elements, or (null) of more.
  void on_change(std::function<void(const nft::Transaction*)> changes) {
    changes_ = std::move(changes);
  }
  // Called to forget so many flows that stay on this host, away from the loop; forgotten() follows.
  void on_crowd(std::function<void(const engine::ForgetCrowd&)> forget) {
    forget_crowd_ = std::move(forget);
  }
  // The time-boxed entries that have ended since the last call: the policy may forget them.
  std::vector<std::string> take_ended() { return std::exchange(ended_, {}); }

  // Hands events to the engine and carries out all that is due.
  void tell(const engine::Event& event);
  void turn();

  // Counts by itself for a while what goes there; beside all that the engine decides. `set`:
  // probed, verified or tried.
  Result<void> count_probed(nft::SetId set, const std::vector<Endpoint>& endpoints);

  // Tells the engine how many flows are tracked.
  void count_flows();
  void forgotten(std::size_t flows);
  // Tells the engine which time servers are in use, of those whose addresses would end soon.
  void look_at_time_servers();

  Instant next_deadline() const { return engine_.next_deadline(); }
  const engine::Engine& engine() const { return engine_; }
  nft::Kernel& kernel() { return kernel_; }
  const Tally& tally() const { return tally_; }
  const Clock& clock() const { return clock_; }

  // Collects events without acting, so that a burst of them becomes one transaction; turn()
  // follows.
  void note(const engine::Event& event) { engine_.handle(event, clock_.now()); }

 private:
  void carry_out(const engine::Ask& ask);
  void carry_out(const engine::AdoptFlows& adopt);
  void carry_out(const engine::ForgetStrangers& forget);
  void carry_out(const engine::ForgetCrowd& forget);
  void carry_out(const engine::Commit& commit);
  void carry_out(const engine::FilterFrames& frames);
  void carry_out(const engine::CutFlows& cut);
  void carry_out(const engine::ForgetQuestions& forget);
  void carry_out(const engine::CutUnlisted& cut);
  void carry_out(const engine::SaveKnown& save);
  void carry_out(const engine::GrantEnded& ended);
  void carry_out(const engine::Notice& notice);
  void cut_flows(const std::function<bool(const nft::Flow&)>& selects);

  nft::Kernel& kernel_;
  dns::Resolver& resolver_;
  const Clock& clock_;
  engine::Engine engine_;
  Tally tally_;
  std::function<void()> save_ = [] {};
  std::function<void(const dns::Question&)> asked_ = [](const dns::Question&) {};
  std::function<void(const nft::Transaction*)> changes_ = [](const nft::Transaction*) {};
  std::function<void(const engine::ForgetCrowd&)> forget_crowd_ = [this](const auto&) {
    forgotten(0);
  };
  std::vector<std::string> ended_;
};

}  // namespace egress::daemon
