#include "support/probe.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ostream>
#include <span>
#include <system_error>

namespace egress::test {
namespace {

class Socket {
 public:
  Socket(int family, int type, int protocol = 0)
      : descriptor_(socket(family, type | SOCK_CLOEXEC, protocol)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  }
  ~Socket() { close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Seen judge(int error) {
  switch (error) {
    case 0:
      return Seen::answered;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case EACCES:
    case EPERM:
      return Seen::refused;
    case ENETUNREACH:
      return Seen::no_route;
    default:
      throw std::system_error(error, std::generic_category(), "probe");
  }
}

bool becomes_ready(int descriptor, short events, std::chrono::milliseconds patience) {
  pollfd wanted{descriptor, events, 0};
  return poll(&wanted, 1, static_cast<int>(patience.count())) > 0;
}

// One message out on a connected datagram socket, one back.
Seen exchange(int descriptor, std::span<const unsigned char> message) {
  if (send(descriptor, message.data(), message.size(), 0) < 0) return judge(errno);
  if (!becomes_ready(descriptor, POLLIN, kPatience)) return Seen::silence;
  std::array<unsigned char, 512> answer;
  return judge(recv(descriptor, answer.data(), answer.size(), 0) < 0 ? errno : 0);
}

int connect_within(int descriptor, const SocketAddress& to) {
  const int millis = static_cast<int>(std::chrono::milliseconds(kPatience).count());
  const timeval patience{millis / 1000, millis % 1000 * 1000};
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return connect(descriptor, to.get(), to.length) == 0 ? 0 : errno;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Seen seen) {
  constexpr std::array kNames{"answered", "refused", "silence", "no route"};
  return out << kNames.at(static_cast<std::size_t>(seen));
}

Seen tcp_probe(const std::string& netns, const std::string& address, std::uint16_t port) {
  return in_namespace(netns, [&] {
    const SocketAddress to(address, port);
    const Socket socket(to.family(), SOCK_STREAM);
    const int error = connect_within(socket.get(), to);
    return error == EINPROGRESS ? Seen::silence : judge(error);
  });
}

Seen udp_probe(const std::string& netns, const std::string& address, std::uint16_t port) {
  return in_namespace(netns, [&] {
    const SocketAddress to(address, port);
    const Socket socket(to.family(), SOCK_DGRAM);
    if (connect(socket.get(), to.get(), to.length) != 0) return judge(errno);
    constexpr std::array<unsigned char, 4> kMessage{'p', 'i', 'n', 'g'};
    return exchange(socket.get(), kMessage);
  });
}

Seen ping_probe(const std::string& netns, const std::string& address) {
  return in_namespace(netns, [&] {
    const SocketAddress to(address, 0);
    const bool is_v4 = to.family() == AF_INET;
    const Socket socket(to.family(), SOCK_DGRAM, is_v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
    // Without this the kernel keeps ICMP errors from ping sockets.
    const int on = 1;
    setsockopt(socket.get(), is_v4 ? SOL_IP : SOL_IPV6, is_v4 ? IP_RECVERR : IPV6_RECVERR, &on,
               sizeof on);
    if (connect(socket.get(), to.get(), to.length) != 0) return judge(errno);
    std::array<unsigned char, 16> request{};
    request[0] = is_v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    return exchange(socket.get(), request);
  });
}

Connection::Connection(const std::string& netns, const std::string& address, std::uint16_t port) {
  in_namespace(netns, [&] {
    const SocketAddress to(address, port);
    socket_ = socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int error = connect_within(socket_, to);
    if (error != 0)
      throw std::system_error(error, std::generic_category(), "connect to " + address);
  });
}

Connection::~Connection() {
  close(socket_);
}

std::size_t Connection::receive_for(std::chrono::milliseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  std::array<char, 4096> buffer;
  std::size_t total = 0;
  while (!is_dead_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left <= 0ms || !becomes_ready(socket_, POLLIN, left)) break;
    const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
    is_dead_ = count <= 0;
    if (count > 0) total += static_cast<std::size_t>(count);
  }
  return total;
}

}  // namespace egress::test
