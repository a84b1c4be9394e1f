// What was under way before the first table.
#include <utility>
#include <vector>

#include "egress/core/address_class.hpp"
#include "egress/core/interface_pattern.hpp"
#include "egress/engine/engine.hpp"

namespace egress::engine {

void Engine::on(const SessionsFound& event, Instant) {
  found_sessions_ = event.sessions;
  networks_ = event.networks;
}

void Engine::plan_adoption(Instant now) {
  if (!found_sessions_ || !has_policy()) return;
  AdoptFlows adopt{*std::exchange(found_sessions_, std::nullopt)};
  const auto stays_here = [this](const nft::Session& session) {
    return is_own(session.source.address) && is_own(session.destination.address);
  };
  std::erase_if(adopt.sessions, stays_here);
  const nft::Ruleset permitted = desired(now);
  for (nft::Session& session : adopt.sessions)
    session.is_cut = must_end({session.source.address, session.destination}, permitted, now);
  outbox_.emplace_back(std::move(adopt));
}

bool Engine::must_end(const nft::Flow& flow, const nft::Ruleset& permitted, Instant now) const {
  const IpAddress& destination = flow.destination.address;
  if (permitted.base.is_audit || is_own(destination)) return false;
  const bool is_judged = is_own(flow.source) || (is_held(flow.source) && !is_held(destination));
  return is_judged && !permitted.permits(flow.destination, now);
}

bool Engine::is_inbound(const nft::Session& session) const {
  return is_own(session.destination.address);
}

bool Engine::is_own(const IpAddress& address) const {
  return inputs_.own_addresses.contains(address) || classify(address) == AddressClass::loopback;
}

// By the most specific network that it is in.
bool Engine::is_held(const IpAddress& address) const {
  const SessionsFound::Network* home = nullptr;
  for (const SessionsFound::Network& network : networks_)
    if (network.prefix.contains(address) &&
        (home == nullptr || home->prefix.length() < network.prefix.length()))
      home = &network;
  return home != nullptr && matches_interface(inputs_.policy->forward, home->interface);
}

}  // namespace egress::engine
