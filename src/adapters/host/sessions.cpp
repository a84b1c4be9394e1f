#include "adapters/host/sessions.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <set>

#include "adapters/host/netlink_dump.hpp"
#include "adapters/host/octets.hpp"

namespace egress::host {
namespace {

constexpr std::uint32_t kStates = 1U << TCP_LISTEN | 1U << TCP_ESTABLISHED | 1U << TCP_FIN_WAIT1 |
                                  1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT | 1U << TCP_LAST_ACK |
                                  1U << TCP_CLOSING;

struct Sockets {
  std::vector<TcpSession> sessions;
  std::set<Endpoint> listening;
};

Endpoint endpoint(int family, const void* address, std::uint16_t port) {
  return {read_address(family, address), Transport::tcp, ntohs(port)};
}

void take(const inet_diag_msg& socket, Sockets& sockets) {
  const Endpoint local = endpoint(socket.idiag_family, socket.id.idiag_src, socket.id.idiag_sport);
  if (socket.idiag_state == TCP_LISTEN)
    sockets.listening.insert(local);
  else
    sockets.sessions.push_back(
        {local, endpoint(socket.idiag_family, socket.id.idiag_dst, socket.id.idiag_dport)});
}

Result<Sockets> sockets_of(int family) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = kStates;
  Sockets sockets;
  auto listed = dump(
      NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, octets_of(request), [&] { sockets = {}; },
      [&](Octets octets) { take(read<inet_diag_msg>(octets), sockets); });
  if (!listed) return tl::unexpected(listed.error());
  return sockets;
}

// At the address, or at any; one that listens at any IPv6 address takes IPv4 as well.
bool is_listened_to(const Endpoint& local, const std::set<Endpoint>& listening) {
  const auto listens_at = [&](const IpAddress& address) {
    return listening.contains({address, Transport::tcp, local.port});
  };
  return listens_at(local.address) || listens_at(IpAddress::lowest(local.address.family())) ||
         listens_at(IpAddress::lowest(Family::ipv6));
}

}  // namespace

Result<std::vector<TcpSession>> tcp_sessions() {
  auto v4 = sockets_of(AF_INET);
  if (!v4) return tl::unexpected(v4.error());
  auto v6 = sockets_of(AF_INET6);
  if (!v6) return tl::unexpected(v6.error());
  std::vector<TcpSession> sessions = std::move(v4->sessions);
  sessions.insert(sessions.end(), v6->sessions.begin(), v6->sessions.end());
  v4->listening.merge(v6->listening);
  for (TcpSession& session : sessions)
    session.is_inbound = is_listened_to(session.local, v4->listening);
  return sessions;
}

}  // namespace egress::host
