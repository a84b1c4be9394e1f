#include "support/dns_client.hpp"

#include <poll.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "support/address.hpp"

namespace egress::test {
namespace {

// The kernel notes as a socket's owner the file system user of the thread that makes it.
int open_socket(int family, int type, const ClientSocket& options) {
  setfsuid(options.user);
  const int descriptor = socket(family, type | SOCK_CLOEXEC, 0);
  setfsuid(0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  // A connection ends with a reset and leaves its source port free for the next.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  if (type == SOCK_STREAM) setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const auto set = [&](int option, std::uint32_t value) {
    if (value != 0 && setsockopt(descriptor, SOL_SOCKET, option, &value, sizeof value) != 0)
      throw std::system_error(errno, std::generic_category(), "SO_MARK or SO_PRIORITY");
  };
  set(SO_MARK, options.key.mark);
  set(SO_PRIORITY, options.key.priority);
  if (options.source_port == 0) return descriptor;
  // Only here: of two sockets that share a port, one is given the other's answers.
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const SocketAddress any(family == AF_INET ? "0.0.0.0" : "::", options.source_port);
  if (bind(descriptor, any.get(), any.length) != 0)
    throw std::system_error(errno, std::generic_category(), "bind");
  return descriptor;
}

bool becomes_readable(int descriptor, std::chrono::milliseconds patience) {
  pollfd wanted{descriptor, POLLIN, 0};
  return poll(&wanted, 1, static_cast<int>(patience.count())) > 0;
}

}  // namespace

DnsSocket::DnsSocket(const std::string& netns, const DnsServerAddress& server, ClientSocket options)
    : over_(server.over) {
  in_namespace(netns, [&] {
    const SocketAddress to(server.address, server.port);
    socket_ = open_socket(to.family(), over_ == Over::udp ? SOCK_DGRAM : SOCK_STREAM, options);
    const timeval patience{kPatience / 1s, kPatience % 1s / 1us};
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    is_open_ = connect(socket_, to.get(), to.length) == 0;
  });
}

DnsSocket::~DnsSocket() {
  close(socket_);
}

bool DnsSocket::send(std::span<const std::uint8_t> message) {
  std::vector<std::uint8_t> out;
  if (over_ == Over::tcp) {
    out = {static_cast<std::uint8_t>(message.size() >> 8U),
           static_cast<std::uint8_t>(message.size())};
  }
  out.insert(out.end(), message.begin(), message.end());
  return is_open_ &&
         ::send(socket_, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
}

bool DnsSocket::read_octets(std::span<std::uint8_t> out, std::chrono::milliseconds patience) {
  while (!out.empty()) {
    if (!becomes_readable(socket_, patience)) return false;
    const ssize_t size = recv(socket_, out.data(), out.size(), 0);
    if (size <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

std::optional<DnsMessage> DnsSocket::receive(std::chrono::milliseconds patience) {
  std::vector<std::uint8_t> message(65'535);
  if (over_ == Over::udp) {
    if (!becomes_readable(socket_, patience)) return std::nullopt;
    const ssize_t size = recv(socket_, message.data(), message.size(), 0);
    if (size < 0) return std::nullopt;
    message.resize(static_cast<std::size_t>(size));
  } else {
    std::array<std::uint8_t, 2> length{};
    if (!read_octets(length, patience)) return std::nullopt;
    message.resize(static_cast<std::size_t>(length[0] << 8U | length[1]));
    if (!read_octets(message, patience)) return std::nullopt;
  }
  return read_message(message);
}

std::optional<DnsMessage> DnsSocket::ask(const DnsQuestion& question,
                                         std::chrono::milliseconds patience) {
  if (!send(write_query(question))) return std::nullopt;
  for (;;) {
    auto message = receive(patience);
    if (!message || message->id == question.id) return message;
  }
}

std::optional<DnsMessage> ask(const std::string& netns, const DnsServerAddress& server,
                              const DnsQuestion& question, ClientSocket options) {
  return DnsSocket(netns, server, options).ask(question);
}

}  // namespace egress::test
