#include "unit/adapters/dns_responder.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace egress::test {
namespace {

int bound_socket(const std::string& address, std::uint16_t port, int type) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = v6.sin6_port = htons(port);
  v6.sin6_family = AF_INET6;
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4) inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr);
  const auto* to = is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
  const auto length = static_cast<socklen_t>(is_v4 ? sizeof v4 : sizeof v6);
  const int fd = socket(to->sa_family, type | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, to, length) != 0) throw std::runtime_error("bind " + address);
  return fd;
}

bool receive_all(int fd, Octets& into) {
  return recv(fd, into.data(), into.size(), MSG_WAITALL) == static_cast<ssize_t>(into.size());
}

}  // namespace

DnsResponder::DnsResponder(const std::string& address, std::uint16_t port, Script script)
    : script_(std::move(script)),
      udp_(bound_socket(address, port, SOCK_DGRAM)),
      tcp_(bound_socket(address, port, SOCK_STREAM)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  listen(tcp_, 8);
  thread_ = std::thread([this] { serve(); });
}

DnsResponder::~DnsResponder() {
  eventfd_write(stop_, 1);
  thread_.join();
  for (const int fd : {udp_, tcp_, stop_}) close(fd);
}

void DnsResponder::serve() {
  std::array<pollfd, 3> fds{pollfd{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {stop_, POLLIN, 0}};
  while (poll(fds.data(), fds.size(), -1) > 0 && fds[2].revents == 0) {
    if (fds[0].revents != 0) answer_udp();
    if (fds[1].revents != 0) answer_tcp();
  }
}

void DnsResponder::answer_udp() {
  Octets query(1500);
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  auto* peer = reinterpret_cast<sockaddr*>(&from);
  const auto size = recvfrom(udp_, query.data(), query.size(), 0, peer, &length);
  if (size < 12) return;
  query.resize(static_cast<std::size_t>(size));
  ++udp_queries_;
  for (const auto& message : script_(query, Over::udp))
    sendto(udp_, message.data(), message.size(), 0, peer, length);
}

void DnsResponder::answer_tcp() {
  const int connection = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  const timeval patience{2, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  Octets prefix(2);
  while (receive_all(connection, prefix)) {
    Octets query(static_cast<std::size_t>(prefix[0] << 8 | prefix[1]));
    if (!receive_all(connection, query)) break;
    ++tcp_queries_;
    const auto messages = script_(query, Over::tcp);
    if (messages.empty()) break;
    for (const auto& message : messages) {
      Octets framed;
      put16(framed, static_cast<unsigned>(message.size()));
      framed.insert(framed.end(), message.begin(), message.end());
      send(connection, framed.data(), framed.size(), MSG_NOSIGNAL);
    }
  }
  close(connection);
}

}  // namespace egress::test
