#include "nft/crowd.hpp"

#include <algorithm>
#include <array>

#include "egress/core/limits.hpp"
#include "nft/protocols.hpp"
#include "nft/sources.hpp"

namespace egress::nft {
namespace {

constexpr const char* kLinkFlows = "crowd-link";
constexpr const char* kUserFlows = "crowd-user";

std::uint32_t at_least_one(std::size_t number) {
  return static_cast<std::uint32_t>(std::max<std::size_t>(number, 1));
}

// Of flows that live for so long, a burst and all that follow it are half of what is tracked.
RateLimit lasting_share(std::size_t most) {
  const std::size_t burst = most / 8;
  const auto lifetime = static_cast<std::size_t>(limits::kLongestUnkept.count());
  return {at_least_one((most / 2 - burst) / lifetime), at_least_one(burst)};
}

// A TCP connection of a program of this host holds two sockets, and what is closed makes room for
// others (early_drop()). So much that a quarter is not filled between two looks of egressd.
RateLimit connections_share(std::size_t most) {
  const auto pause = static_cast<std::size_t>(limits::kFlowsLook.count());
  return {at_least_one(most / 8 / pause), at_least_one(most / 8)};
}

RateLimit share(Sharer sharer, std::size_t most) {
  return sharer == Sharer::user_connection ? connections_share(most) : lasting_share(most);
}

Rule drop_above_share(const Base& base, Sharer sharer) {
  return {MoreThanShare{sharer, share(sharer, base.most_flows)},
          CountAs{std::string(kCrowdedCounter)}, Drop{}};
}

Chain link_flows(const Base& base) {
  std::vector<Rule> rules;
  skip_uplinks(base, Return{}, rules);
  skip_wires(base, Return{}, rules);
  rules.push_back(drop_above_share(base, Sharer::link));
  return {.name = kLinkFlows, .hook = {}, .rules = std::move(rules)};
}

Chain user_flows(const Base& base) {
  const Layer4 tcp{{kTcp}};
  Rule connections = drop_above_share(base, Sharer::user_connection);
  connections.insert(connections.begin(), tcp);
  return {.name = kUserFlows,
          .hook = {},
          .rules = {std::move(connections), {tcp, Return{}}, drop_above_share(base, Sharer::user)}};
}

bool has_bounds(const Base& base) {
  return base.most_flows > 0 && !base.is_panic && !base.is_audit;
}

}  // namespace

// Also where there are no bounds for a while: with other sets the table would be made anew.
std::vector<SetDefinition> crowd_sets(const Base& base) {
  if (base.most_flows == 0) return {};
  std::vector<SetDefinition> sets{sharers_set(Sharer::user), sharers_set(Sharer::user_connection)};
  if (base.holds_links()) sets.push_back(sharers_set(Sharer::link));
  return sets;
}

std::vector<Chain> crowd_chains(const Base& base) {
  if (!has_bounds(base)) return {};
  std::vector<Chain> chains{user_flows(base)};
  if (base.holds_links()) chains.push_back(link_flows(base));
  return chains;
}

void bound_links(const Base& base, std::vector<Rule>& rules) {
  if (has_bounds(base)) rules.push_back({OutOneOf{base.inside}, CtBegins{}, Jump{kLinkFlows}});
}

void bound_link(const Base& base, std::vector<Rule>& rules) {
  if (has_bounds(base)) rules.push_back({CtBegins{}, Goto{kLinkFlows}});
}

void bound_users(const Base& base, std::vector<Rule>& output) {
  if (has_bounds(base)) output.push_back({OutLoopback{}, CtBegins{}, Jump{kUserFlows}});
}

void bound_users_of_guests(const Base& base, std::vector<Rule>& output) {
  if (has_bounds(base)) output.push_back({OutOneOf{base.inside}, CtBegins{}, Jump{kUserFlows}});
}

void bound_questions(const Base& base, const Rule& question, std::vector<Rule>& output) {
  if (!has_bounds(base)) return;
  Rule bound = question;
  bound.insert(bound.end(), {CtBegins{}, Jump{kUserFlows}});
  output.push_back(std::move(bound));
}

std::string set_name(Sharer sharer) {
  if (sharer == Sharer::link) return "link-flows";
  return sharer == Sharer::user ? "user-flows" : "user-connections";
}

SetDefinition sharers_set(Sharer sharer) {
  const bool is_link = sharer == Sharer::link;
  return {.name = set_name(sharer),
          .family = Family::ipv4,
          .key = is_link ? SetDefinition::Key::link : SetDefinition::Key::user,
          .has_timeout = true,
          .is_dynamic = true,
          .size = is_link ? limits::kLinksCounted : limits::kUsersCounted,
          .timeout = limits::kNewFlowsMemory};
}

}  // namespace egress::nft
