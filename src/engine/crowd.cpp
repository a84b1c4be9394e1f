#include "egress/engine/crowd.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"

namespace egress::engine {
namespace {

// The most that every side may keep, so that all together give up `excess`.
std::size_t level(const Crowd& crowd, std::size_t excess) {
  std::size_t low = 0, high = 0;
  for (const auto& [side, flows] : crowd) high = std::max(high, flows.size());
  const auto given_up = [&](std::size_t kept) {
    std::size_t sum = 0;
    for (const auto& [side, flows] : crowd) sum += flows.size() - std::min(flows.size(), kept);
    return sum;
  };
  while (low < high) {
    const std::size_t middle = low + (high - low + 1) / 2;
    if (given_up(middle) >= excess)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

}  // namespace

std::map<std::string, seconds> cutoffs(Crowd crowd, const ForgetCrowd& order) {
  std::map<std::string, seconds> cut;
  std::size_t all = 0;
  for (const auto& [side, flows] : crowd) all += flows.size();
  const std::size_t excess = std::min(order.excess, all - std::min(all, order.spared));
  if (excess == 0) return cut;
  const std::size_t kept = level(crowd, excess);
  for (auto& [side, flows] : crowd) {
    if (flows.size() <= kept) continue;
    const auto last = flows.begin() + static_cast<std::ptrdiff_t>(flows.size() - kept - 1);
    std::ranges::nth_element(flows, last);
    cut.emplace(side, *last);
  }
  return cut;
}

Result<std::size_t> thin_out(nft::Kernel& kernel, const Engine& engine, const ForgetCrowd& order,
                             Instant now) {
  Crowd crowd;
  const auto listed = kernel.forget_flows([&](const nft::Flow& flow) {
    if (const auto side = engine.side_of(flow, now)) crowd[*side].push_back(flow.left);
    return false;
  });
  if (!listed) return listed;
  const auto cut = cutoffs(std::move(crowd), order);
  if (cut.empty()) return 0;
  return kernel.forget_flows([&](const nft::Flow& flow) {
    const auto side = engine.side_of(flow, now);
    const auto at = side ? cut.find(*side) : cut.end();
    return at != cut.end() && flow.left <= at->second;
  });
}

void Engine::on(const NetworksFound& event, Instant) {
  networks_ = event.networks;
}

// From three quarters on, down to a half: what the bounds of the rules leave to be filled in time.
void Engine::on(const FlowsCounted& event, Instant now) {
  const auto& [tracked, most] = event.count;
  if (inputs_.most_flows != most) {
    inputs_.most_flows = most;
    is_static_dirty_ = true;
  }
  const bool is_due = tracked > most / 4 * 3 && !sweep_.is_under_way && now >= sweep_.rest_until;
  if (!is_due || !has_policy() || refuses_nothing(inputs_)) return;
  sweep_ = {.is_under_way = true, .excess = tracked - most / 2, .rest_until = now};
  outbox_.emplace_back(ForgetCrowd{.excess = sweep_.excess, .spared = most / 4});
}

void Engine::on(const CrowdForgotten& event, Instant now) {
  sweep_.is_under_way = false;
  if (event.count < sweep_.excess) sweep_.rest_until = now + limits::kFlowsRest;
}

// What comes in by a link that leads outside is a stranger's.
std::optional<std::string> Engine::side_of(const IpAddress& address) const {
  if (is_own(address)) return "";
  const SessionsFound::Network* home = is_held(address) ? network_of(address) : nullptr;
  if (home == nullptr || std::ranges::binary_search(inputs_.held.uplinks, home->interface))
    return std::nullopt;
  return home->interface;
}

std::optional<std::string> Engine::side_of(const nft::Flow& flow, Instant now) const {
  const Endpoint& destination = flow.destination;
  if (!side_of(destination.address)) return std::nullopt;
  if (!is_own(destination.address) && installed_ && installed_->permits(destination, now))
    return std::nullopt;
  return side_of(flow.source);
}

}  // namespace egress::engine
