// What was under way before the first table.
#include <set>
#include <utility>
#include <vector>

#include "egress/core/address_class.hpp"
#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

// Both ends have a socket here, one of them at an address that is not this host's.
std::set<nft::Session> seen_twice(const std::vector<nft::Session>& sessions) {
  std::set<nft::Session> once, twice;
  for (const nft::Session& session : sessions)
    if (!once.insert(session).second) twice.insert(session);
  return twice;
}

}  // namespace

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
  const std::set<nft::Session> forged = seen_twice(adopt.sessions);
  for (nft::Session& session : adopt.sessions)
    session.is_cut = forged.contains(session) ||
                     must_end({session.source.address, session.destination}, permitted, now);
  outbox_.emplace_back(std::move(adopt));
  outbox_.emplace_back(ForgetStrangers{});
}

bool Engine::must_end(const nft::Flow& flow, const nft::Ruleset& permitted, Instant now) const {
  const IpAddress& destination = flow.destination.address;
  if (permitted.base.is_audit || is_own(destination) || is_served(flow)) return false;
  const bool is_judged =
      is_own(flow.source) ||
      ((is_held(flow.source) || is_routed_here(flow.source)) && !is_held(destination));
  return is_judged && !permitted.permits(flow.destination, now);
}

// Of its first packet nobody asked whether it was its sender's. A true one begins the flow again;
// what a program of this host made up would go on as answers to that address. TCP ends are found as
// sockets.
bool Engine::is_strangers(const nft::Flow& flow) const {
  const IpAddress& destination = flow.destination.address;
  return flow.destination.transport != Transport::tcp && !is_own(flow.source) &&
         !is_held(flow.source) && (is_own(destination) || is_held(destination));
}

bool Engine::is_inbound(const nft::Session& session) const {
  return is_own(session.destination.address);
}

bool Engine::is_own(const IpAddress& address) const {
  return inputs_.own_addresses.contains(address) || classify(address) == AddressClass::loopback;
}

namespace {

// The most specific one that it is in.
const SessionsFound::Network* home_of(const IpAddress& address,
                                      const std::vector<SessionsFound::Network>& networks) {
  const SessionsFound::Network* home = nullptr;
  for (const SessionsFound::Network& network : networks)
    if (network.prefix.contains(address) &&
        (home == nullptr || home->prefix.length() < network.prefix.length()))
      home = &network;
  return home;
}

}  // namespace

const SessionsFound::Network* Engine::network_of(const IpAddress& address) const {
  return home_of(address, networks_);
}

const std::string* Engine::served_link(const IpAddress& address,
                                       const std::vector<SessionsFound::Network>& networks) const {
  const SessionsFound::Network* home = home_of(address, networks);
  const bool is_guests =
      home != nullptr && std::ranges::binary_search(inputs_.held.inside, home->interface);
  return is_guests && inputs_.policy->serves_guests ? &home->interface : nullptr;
}

bool Engine::is_served(const nft::Flow& flow) const {
  return is_own(flow.source) && served_link(flow.destination.address, networks_) != nullptr;
}

bool Engine::is_held(const IpAddress& address) const {
  const SessionsFound::Network* home = network_of(address);
  return home != nullptr && inputs_.held.is_guest(home->interface);
}

bool Engine::is_routed_here(const IpAddress& address) const {
  const SessionsFound::Network* home = network_of(address);
  return home != nullptr && std::ranges::binary_search(inputs_.held.outward, home->interface);
}

}  // namespace egress::engine
