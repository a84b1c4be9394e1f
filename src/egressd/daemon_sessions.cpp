// What was open on this host before egressd came.

#include "adapters/host/networks.hpp"
#include "adapters/host/sessions.hpp"
#include "egressd/daemon.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {

// Without it the host is closed all the same; what is lost are the sessions that should go on.
void Daemon::find_sessions() {
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
  enforcer_->note(found);
}

}  // namespace egress::daemon
