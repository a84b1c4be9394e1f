#include "support/servers.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "support/address.hpp"

namespace egress::test {
namespace {

constexpr int kTickMillis = 5;
// Long enough for the peer to have acknowledged a piece before the next: then whatever watches the
// connection meets this side's packet first.
constexpr auto kPieceInterval = std::chrono::milliseconds(100);

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int bind_everywhere(int type, std::uint16_t port) {
  const int descriptor = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) fail("bind");
  return descriptor;
}

// A received datagram, and the control data that makes an answer leave from where the question went
// to.
struct Datagram {
  sockaddr_in6 client{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  Bytes payload = Bytes(2048);

  msghdr header(iovec& vector) {
    vector = {payload.data(), payload.size()};
    msghdr message{};
    message.msg_name = &client;
    message.msg_namelen = sizeof client;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    return message;
  }
  // The interface it came in by is not the one to answer through: that is the routes' choice.
  void forget_interface() {
    iovec vector{};
    msghdr message = header(vector);
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof info);
    info.ipi6_ifindex = 0;
    std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &info, sizeof info);
  }
};

}  // namespace

UdpServer::UdpServer(const std::string& netns, std::uint16_t port, Handler handler)
    : handler_(std::move(handler)),
      socket_(in_namespace(netns, [port] { return bind_everywhere(SOCK_DGRAM, port); })),
      thread_([this] { serve(); }) {}

UdpServer::~UdpServer() {
  is_stopping_ = true;
  thread_.join();
  close(socket_);
}

void UdpServer::serve() {
  while (!is_stopping_) {
    pollfd wanted{socket_, POLLIN, 0};
    if (poll(&wanted, 1, kTickMillis) <= 0) continue;
    Datagram datagram;
    iovec vector{};
    msghdr message = datagram.header(vector);
    const ssize_t count = recvmsg(socket_, &message, 0);
    if (count < 0) continue;
    datagram.payload.resize(static_cast<std::size_t>(count));
    std::optional<Bytes> answer = handler_(datagram.payload);
    if (!answer) continue;
    datagram.payload = std::move(*answer);
    datagram.forget_interface();
    message = datagram.header(vector);
    sendmsg(socket_, &message, 0);
  }
}

UdpServer::Handler echo() {
  return [](const Bytes& message) { return std::optional(message); };
}

UdpServer::Handler say(const std::string& text) {
  return [answer = Bytes(text.begin(), text.end())](const Bytes&) { return std::optional(answer); };
}

TcpServer::TcpServer(const std::string& netns, const std::vector<std::uint16_t>& ports, Bytes piece)
    : piece_(std::move(piece)) {
  listeners_ = in_namespace(netns, [&ports] {
    std::vector<int> listeners;
    for (const std::uint16_t port : ports) {
      listeners.push_back(bind_everywhere(SOCK_STREAM, port));
      if (listen(listeners.back(), 512) != 0) fail("listen");
    }
    return listeners;
  });
  thread_ = std::thread([this] { serve(); });
}

TcpServer::~TcpServer() {
  is_stopping_ = true;
  thread_.join();
  for (const int descriptor : listeners_) close(descriptor);
  for (const int descriptor : connections_) close(descriptor);
}

void TcpServer::serve() {
  auto next_piece = std::chrono::steady_clock::now();
  std::vector<pollfd> wanted;
  for (const int listener : listeners_) wanted.push_back({listener, POLLIN, 0});
  while (!is_stopping_) {
    poll(wanted.data(), wanted.size(), kTickMillis);
    for (const pollfd& listener : wanted) {
      if (listener.revents != 0) accept_from(listener.fd);
    }
    if (std::chrono::steady_clock::now() < next_piece) continue;
    next_piece += kPieceInterval;
    send_to_all();
  }
}

void TcpServer::accept_from(int listener) {
  const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (connection >= 0) connections_.push_back(connection);
}

void TcpServer::send_to_all() {
  std::erase_if(connections_, [&](int connection) {
    const bool is_over =
        send(connection, piece_.data(), piece_.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN;
    if (is_over) close(connection);
    return is_over;
  });
}

}  // namespace egress::test
