#include "egressd/live_sessions.hpp"

#include "adapters/host/networks.hpp"
#include "adapters/host/sessions.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {

void find_sessions(Enforcer& enforcer) {
  const auto sessions = host::tcp_sessions();
  if (!sessions)
    return log(Level::error, "sessions-not-found", {{"message", sessions.error().message}});
  const auto networks = host::networks();
  if (!networks)
    return log(Level::error, "sessions-not-found", {{"message", networks.error().message}});
  engine::SessionsFound found;
  for (const host::TcpSession& session : *sessions)
    found.sessions.push_back(session.is_inbound ? nft::Session{session.peer, session.local}
                                                : nft::Session{session.local, session.peer});
  for (const host::Network& network : *networks)
    found.networks.push_back({network.prefix, network.interface});
  enforcer.note(found);
}

}  // namespace egress::daemon
