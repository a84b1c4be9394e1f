#include "egressd/policy_in_force.hpp"

#include "adapters/state/known_addresses.hpp"
#include "adapters/state/panic.hpp"
#include "egressd/live_sessions.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {
namespace {

// Which interfaces are to be held is not known then; those of the shipped policy are.
policy::Policy nothing_allowed() {
  policy::Policy policy;
  policy.forward = {"docker0", "br-*", "cni0", "podman0"};
  return policy;
}

}  // namespace

void log_problems(std::string_view event, const policy::Problems& problems) {
  for (const policy::Problem& problem : problems)
    log(Level::error, event, {{"problem", problem.text()}});
}

PolicyInForce::PolicyInForce(PolicyStore& store, Frame& frame, Enforcer& enforcer,
                             AskThese ask_these)
    : store_(store), frame_(frame), enforcer_(enforcer), ask_these_(std::move(ask_these)) {}

void PolicyInForce::take(const std::set<IpAddress>& own_addresses) {
  enforcer_.note(engine::OwnAddressesChanged{own_addresses});
}

void PolicyInForce::take(const std::vector<nft::Link>& links) {
  enforcer_.note(engine::LinksChanged{links});
}

void PolicyInForce::take(resolvconf::SystemResolvers resolvers) {
  system_resolvers_ = std::move(resolvers);
  if (enforcer_.engine().has_policy()) choose_resolvers();
}

Result<void> PolicyInForce::close_the_host(bool table_stood) {
  if (!table_stood) find_sessions(enforcer_);
  restore_panic();
  put_in(first_policy());
  restore_known();
  enforcer_.turn();
  if (!table_stood) {
    find_sessions(enforcer_);  // those that began in between
    enforcer_.turn();
  }
  if (enforcer_.engine().is_enforcing()) return {};
  return fail("enforcement is not possible: the kernel refused the table (see the lines above)");
}

// A policy that does not parse must not leave a host open that boots with it: the last good one
// stands in, or else nothing is allowed at all.
policy::Policy PolicyInForce::first_policy() {
  const WallTime wall = enforcer_.clock().wall();
  LoadedPolicy policy = store_.reload(wall);
  if (policy) return *std::move(policy);
  log_problems("policy-refused", policy.error());
  LoadedPolicy last_good = store_.load_last_good(wall);
  frame_.warnings = {
      "the policy was refused: " + policy.error().front().text(),
      last_good ? "the last good policy is in force" : "nothing is allowed until it is mended"};
  log(Level::error, "policy-fallback",
      {{"in_force", last_good ? "the last good policy" : "nothing allowed"}});
  return last_good ? *std::move(last_good) : nothing_allowed();
}

void PolicyInForce::adopt(policy::Policy policy) {
  put_in(std::move(policy));
  enforcer_.turn();
}

void PolicyInForce::put_in(policy::Policy policy) {
  enforcer_.note(engine::PolicyChanged{std::make_shared<policy::Policy>(std::move(policy)),
                                       enforcer_.clock().wall()});
  choose_resolvers();
}

void PolicyInForce::choose_resolvers() {
  const bool is_pinned = policy().resolvers.has_value();
  const std::vector<policy::ResolverAddress>& resolvers =
      is_pinned ? *policy().resolvers : system_resolvers_.resolvers;
  frame_.resolver_source = is_pinned ? "policy" : system_resolvers_.source;
  if (!is_pinned && !system_resolvers_.problem.empty())
    log(Level::warning, "resolvers", {{"problem", system_resolvers_.problem}});
  if (resolvers == enforcer_.engine().inputs().resolvers && !resolvers.empty()) return;
  if (const auto set = ask_these_(resolvers); !set)
    return log(Level::error, "resolvers-refused", {{"message", set.error().message}});
  if (resolvers.empty())
    log(Level::warning, "resolvers",
        {{"problem", "none: no name can be resolved"}, {"source", frame_.resolver_source}});
  for (const policy::ResolverAddress& resolver : resolvers)
    log(Level::info, "resolver",
        {{"address", resolver.text()}, {"source", frame_.resolver_source}});
  enforcer_.note(engine::ResolversChanged{resolvers});
}

void PolicyInForce::restore_known() {
  const WallTime wall = enforcer_.clock().wall();
  const auto known = state::read_known_addresses(store_.paths().known_addresses(), wall);
  if (!known) {
    unusable_known_ = known.error();
    return log(Level::warning, "known-addresses-not-restored",
               {{"message", known.error().message}});
  }
  for (const dns::KnownAddress& address : *known) enforcer_.note(engine::Restored{address, wall});
}

// Panic outlives a restart; open does not: whoever starts closes.
void PolicyInForce::restore_panic() {
  const auto held = state::read_panic(store_.paths().panic());
  if (!held) {
    unusable_panic_ = held.error();
    return log(Level::warning, "panic-not-restored", {{"message", held.error().message}});
  }
  if (!*held) return;
  const auto& end = (*held)->until;
  const Clock& clock = enforcer_.clock();
  restored_panic_ = end ? clock.now() + (*end - clock.wall()) : kNever;
  log(Level::warning, "panic", {{"because", "it was on when egressd ended"}});
  enforcer_.note(engine::PostureChanged{engine::Posture::panic, *restored_panic_});
}

}  // namespace egress::daemon
