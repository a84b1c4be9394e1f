#include "support/tcp_session.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "support/address.hpp"

namespace egress::test {
namespace {

constexpr auto kPatience = std::chrono::seconds(2);
constexpr auto kTick = std::chrono::milliseconds(20);

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int listen_at(std::uint16_t port) {
  const int listener = check(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  check(bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
  check(listen(listener, 1), "listen");
  return listener;
}

int connect_to(const SocketAddress& to) {
  const int client = check(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  check(connect(client, to.get(), to.length), "connect");
  return client;
}

bool is_ended(int socket) {
  pollfd state{socket, 0, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

TcpSession::TcpSession(const std::string& server, std::uint16_t port, const std::string& client,
                       const std::string& address) {
  listener_ = in_namespace(server, [port] { return listen_at(port); });
  client_ = in_namespace(client, [&] { return connect_to({address, port}); });
  server_ = check(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), "accept");
}

TcpSession::~TcpSession() {
  for (const int descriptor : {server_, client_, listener_}) close(descriptor);
}

// What was sent before, and came late, is not taken for what is sent now.
bool TcpSession::passes(int from, int to) {
  const std::uint8_t sent = ++next_;
  if (send(from, &sent, 1, MSG_NOSIGNAL) != 1) return false;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::uint8_t got = 0;
  while (std::chrono::steady_clock::now() < end && !is_ended(from)) {
    pollfd wanted{to, POLLIN, 0};
    if (poll(&wanted, 1, static_cast<int>(kTick.count())) <= 0) continue;
    if (recv(to, &got, 1, 0) != 1) return false;
    if (got == sent) return true;
  }
  return false;
}

}  // namespace egress::test
