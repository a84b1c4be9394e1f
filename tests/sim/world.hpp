// The whole product under a simulated clock, DNS and kernel, from one seed: the real engine,
// everything else played.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "egress/guard/guard.hpp"
#include "sim/internet.hpp"
#include "sim/witness.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_kernel.hpp"

namespace egress::sim {

class World {
 public:
  World(std::uint64_t seed, const nft::Capabilities& capabilities);

  // One random thing happens, then all that is due; the invariants are checked after each step.
  void step();
  // No more faults; time passes until every retry has had its chance.
  void recover();
  // Every entry whose name resolves is open now (invariant 3).
  void expect_all_reachable();

  // What the invariants said, with the moment; empty: all held.
  void refuse_commit(std::uint64_t nth, int error) { kernel_.refuse_commit(nth, error); }

  void fail_question(std::uint64_t nth, dns::Status status) {
    internet_.fail_question(nth, status);
  }

  const std::string& verdict() const { return verdict_; }
  std::uint64_t commits() const { return kernel_.commits(); }
  std::uint64_t opened() const { return opened_; }
  std::uint64_t released() const { return released_; }
  // How many packets with a source of others were tried, of the host and of a held container.
  std::uint64_t foreign() const { return foreign_; }
  std::uint64_t foreign_of_containers() const { return foreign_of_containers_; }
  // In how many checked moments root's word was carried out, by posture.
  const std::array<std::uint64_t, 3>& postures() const { return postures_; }

 private:
  void change_policy();
  void change_posture();
  void set_posture(engine::Posture posture, Instant until);
  void restore_posture();
  void check_posture(const nft::Snapshot& live);
  engine::Posture posture() const;  // that must be in force
  void ask_guard();
  void see_reply(const guard::Client& client, std::span<const std::uint8_t> message);
  void check_released(const dns::Answer& answer);
  void check_waiting();
  policy::AllowEntry random_entry();
  void crash();
  void disturb_kernel();
  void step_clock();
  void pass_time();
  void act();
  void carry_out(const engine::Action& action);
  void deliver();
  void start();
  void start_guard();

  void check();
  void check_open_is_justified(const nft::Snapshot& live);
  void check_owed_is_open(const nft::Snapshot& live);
  void check_fold_agrees(const nft::Snapshot& live);
  void check_nobody_speaks_for_another(const nft::Snapshot& live);
  void check_bounds();
  void complain(const std::string& what);

  Random random_;
  test::FakeClock clock_;
  test::FakeKernel kernel_;
  Internet internet_;
  Witness witness_;
  std::optional<engine::Engine> engine_;
  std::optional<guard::Guard> guard_;
  // What programs asked and were not answered yet, by the client's port.
  std::map<Port, std::pair<dns::Question, Instant>> clients_;
  std::uint64_t released_ = 0;  // addresses
  std::shared_ptr<policy::Policy> policy_;
  std::set<dns::Question> owed_answers_;  // of the resolver, to the running engine

  std::vector<dns::KnownAddress> saved_;  // the last-known-good file
  engine::Posture posture_ = engine::Posture::enforcing;
  Instant posture_until_ = kNever;
  bool may_be_open_ = false;  // since the kernel was last seen to hold what is desired
  std::array<std::uint64_t, 3> postures_{};
  bool has_committed_ = false;
  bool is_flushed_ = false;  // by somebody else, and not yet undone
  std::set<nft::ElementKey> open_before_;
  std::uint64_t opened_ = 0;
  std::uint64_t foreign_ = 0, foreign_of_containers_ = 0;
  std::string verdict_;
};

}  // namespace egress::sim
