#include "egressd/policy_in_force.hpp"

#include <algorithm>
#include <iterator>

#include "adapters/state/known_addresses.hpp"
#include "adapters/state/panic.hpp"
#include "egress/core/limits.hpp"
#include "egressd/live_sessions.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {

void log_problems(std::string_view event, const policy::Problems& problems) {
  for (const policy::Problem& problem : problems)
    log(Level::error, event, {{"problem", problem.text()}});
}

void log_warnings(const policy::Problems& warnings) {
  for (const policy::Problem& warning : warnings)
    log(Level::warning, "policy-warning", {{"warning", warning.text()}});
}

std::vector<std::string> texts(const policy::Problems& problems) {
  std::vector<std::string> all;
  for (const policy::Problem& problem : problems) all.push_back(problem.text());
  return all;
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
  enforcer_.count_flows();
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

// Files that cannot be used must not leave a host open that boots with them: the last good policy
// stands in, or else nothing is allowed but the additions.
policy::Policy PolicyInForce::first_policy() {
  FirstPolicy first = store_.first(enforcer_.clock().wall());
  log_problems("policy-refused", first.problems);
  frame_.policy_source = first.source;
  frame_.warnings = texts(first.loaded.warnings);
  log_warnings(first.loaded.warnings);
  if (first.source == PolicySource::files) {
    std::ranges::move(texts(first.problems), std::back_inserter(frame_.warnings));
    return std::move(first.loaded.policy);
  }
  frame_.policy_problem = first.problems.front().text();
  const bool stands_in = first.source == PolicySource::last_good;
  log(Level::error, "policy-fallback",
      {{"in_force", stands_in ? "the last good policy" : "nothing allowed but the additions"}});
  return std::move(first.loaded.policy);
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

// Where the policy names all resolvers itself, the system has no say, nor about zones. The policy
// leaves room for the system's default; its zones come last, and those that find none are left out.
policy::Resolvers PolicyInForce::resolvers() const {
  if (policy().resolvers) return {*policy().resolvers, policy().zones};
  policy::Resolvers all{system_resolvers_.resolvers,
                        policy::with_zones_of_system(policy().zones, system_resolvers_.zones)};
  while (all.all().size() > limits::kResolversInAll) {
    log(Level::warning, "resolvers",
        {{"problem", "too many in all; not asked: those of a zone of the system"},
         {"zone", all.zones.back().zone.text()}});
    all.zones.pop_back();
  }
  return all;
}

void PolicyInForce::choose_resolvers() {
  const bool is_pinned = policy().resolvers.has_value();
  const policy::Resolvers resolvers = this->resolvers();
  frame_.resolver_source = is_pinned ? "policy" : system_resolvers_.source;
  if (!is_pinned && !system_resolvers_.problem.empty())
    log(Level::warning, "resolvers", {{"problem", system_resolvers_.problem}});
  if (resolvers == enforcer_.engine().inputs().resolvers && !resolvers.otherwise.empty()) return;
  if (const auto set = ask_these_(resolvers); !set)
    return log(Level::error, "resolvers-refused", {{"message", set.error().message}});
  if (resolvers.otherwise.empty())
    log(Level::warning, "resolvers",
        {{"problem",
          resolvers.zones.empty() ? "none: no name can be resolved" : "none but those of zones"},
         {"source", frame_.resolver_source}});
  for (const policy::ResolverAddress& resolver : resolvers.otherwise)
    log(Level::info, "resolver",
        {{"address", resolver.text()}, {"source", frame_.resolver_source}});
  for (const policy::ZoneResolvers& zone : resolvers.zones)
    for (const policy::ResolverAddress& resolver : zone.resolvers)
      log(Level::info, "resolver", {{"address", resolver.text()}, {"zone", zone.zone.text()}});
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
