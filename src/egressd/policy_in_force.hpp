// The policy in force, on its way into the engine: the files or what stands in for them, the
// resolvers to ask, and the addresses that earlier runs have known. The daemon and `egressd
// lockdown` close the host through it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "adapters/resolvconf/resolv_conf.hpp"
#include "egressd/enforcer.hpp"
#include "egressd/frame.hpp"
#include "egressd/policy_store.hpp"

namespace egress::daemon {

class PolicyInForce {
 public:
  using AskThese = std::function<Result<void>(const policy::Resolvers&)>;

  // `ask_these` is told whom to ask before the engine is.
  PolicyInForce(PolicyStore& store, Frame& frame, Enforcer& enforcer, AskThese ask_these);

  // What the system says, from now on.
  void take(const std::set<IpAddress>& own_addresses);
  void take(const std::vector<nft::Link>& links);
  void take(resolvconf::SystemResolvers resolvers);

  // The first commit. Where no table of ours stood, the sessions of before are taken over; what one
  // of ours let pass may go on, also to addresses that have meanwhile left DNS. A policy that
  // cannot be read is replaced by the last good one, or else nothing is allowed but the additions;
  // known addresses that cannot be read are left out. An error: the kernel refused.
  Result<void> close_the_host(bool table_stood);
  // Why the file of known addresses could not be used.
  const std::optional<Error>& unusable_known() const { return unusable_known_; }
  // The same of the file that says whether PANIC was on; and if it was, its end.
  const std::optional<Error>& unusable_panic() const { return unusable_panic_; }
  const std::optional<Instant>& restored_panic() const { return restored_panic_; }

  // All of it that can be done at once is done on return.
  void adopt(policy::Policy policy);

  const policy::Policy& policy() const { return *enforcer_.engine().inputs().policy; }

 private:
  void put_in(policy::Policy policy);
  policy::Policy first_policy();
  policy::Resolvers resolvers() const;
  void choose_resolvers();
  void restore_known();
  void restore_panic();

  PolicyStore& store_;
  Frame& frame_;
  Enforcer& enforcer_;
  AskThese ask_these_;
  resolvconf::SystemResolvers system_resolvers_;
  std::optional<Error> unusable_known_, unusable_panic_;
  std::optional<Instant> restored_panic_;
};

// One line in the log for each.
void log_problems(std::string_view event, const policy::Problems& problems);
void log_warnings(const policy::Problems& warnings);
std::vector<std::string> texts(const policy::Problems& problems);

}  // namespace egress::daemon
