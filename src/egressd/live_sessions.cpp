#include "egressd/live_sessions.hpp"

#include "adapters/host/networks.hpp"
#include "adapters/host/sessions.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {
Result<std::vector<engine::SessionsFound::Network>> networks_now() {
  const auto found = host::networks();
  if (!found) return tl::unexpected(found.error());
  std::vector<engine::SessionsFound::Network> networks;
  for (const host::Network& network : *found)
    networks.push_back({network.prefix, network.interface});
  return networks;
}

void find_sessions(Enforcer& enforcer) {
  const auto sessions = host::tcp_sessions();
  if (!sessions)
    return log(Level::error, "sessions-not-found", {{"message", sessions.error().message}});
  const auto networks = networks_now();
  if (!networks)
    return log(Level::error, "sessions-not-found", {{"message", networks.error().message}});
  engine::SessionsFound found;
  for (const host::TcpSession& session : *sessions)
    found.sessions.push_back(session.is_inbound ? nft::Session{session.peer, session.local}
                                                : nft::Session{session.local, session.peer});
  found.networks = *networks;
  enforcer.note(found);
}

void find_networks(Enforcer& enforcer) {
  if (auto networks = networks_now()) enforcer.note(engine::NetworksFound{*std::move(networks)});
}

}  // namespace egress::daemon
