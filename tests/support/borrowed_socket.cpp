#include "support/borrowed_socket.hpp"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/io_ring.hpp"

namespace egress::test {
namespace {

constexpr int kIpv6Freebind = 78;  // linux/in6.h, which cannot stand beside netinet/in.h

[[noreturn]] void fail(int descriptor, const char* what) {
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  throw std::system_error(error, std::generic_category(), what);
}

void let_borrow(int descriptor, int family, Borrowing how) {
  const bool needs_right =
      how == Borrowing::transparent || (how == Borrowing::by_message && family == AF_INET);
  const int level = family == AF_INET ? SOL_IP : SOL_IPV6;
  int option = family == AF_INET ? IP_FREEBIND : kIpv6Freebind;
  if (needs_right) option = family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT;
  const int on = 1;
  if (setsockopt(descriptor, level, option, &on, sizeof on) != 0) fail(descriptor, "borrow");
}

int open_borrowed(const Borrowed& options) {
  const SocketAddress source(options.source, options.port);
  const int made =
      socket(source.family(), options.type | SOCK_CLOEXEC | SOCK_NONBLOCK, options.protocol);
  if (made < 0) fail(made, "socket");
  let_borrow(made, source.family(), options.how);
  const SocketAddress own(source.family() == AF_INET ? "0.0.0.0" : "::", options.port);
  const SocketAddress& bound = options.how == Borrowing::by_message ? own : source;
  if (bind(made, bound.get(), bound.length) != 0) fail(made, "bind");
  return made;
}

// The control data by which one message has a source of its own.
class SourceOfMessage {
 public:
  SourceOfMessage(msghdr& message, const SocketAddress& source) {
    message.msg_control = octets_.data();
    message.msg_controllen = octets_.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (source.family() == AF_INET) {
      in_pktinfo info{};
      info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(source.get())->sin_addr;
      fill(message, *header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
      in6_pktinfo info{};
      info.ipi6_addr = reinterpret_cast<const sockaddr_in6*>(source.get())->sin6_addr;
      fill(message, *header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
  }

 private:
  static void fill(msghdr& message, cmsghdr& header, int level, int type, const void* data,
                   std::size_t size) {
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(&header), data, size);
    message.msg_controllen = CMSG_SPACE(size);
  }
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> octets_{};
};

}  // namespace

BorrowedSocket::BorrowedSocket(const std::string& netns, const Borrowed& options)
    : netns_(netns), options_(options), socket_(in_namespace(netns, [&options] {
        if (options.user != 0) become_in_thread(options.user);
        return open_borrowed(options);
      })) {}

BorrowedSocket::~BorrowedSocket() {
  close(socket_);
}

int BorrowedSocket::send(const std::string& address, std::uint16_t port, std::string_view text) {
  return in_namespace(netns_, [&] {
    SocketAddress to(address, port);
    iovec vector{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_name = &to.storage;
    message.msg_namelen = to.length;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    if (options_.how == Borrowing::by_ring) return send_by_ring(socket_, message);
    if (options_.how != Borrowing::by_message) return sendmsg(socket_, &message, 0) < 0 ? errno : 0;
    const SourceOfMessage source(message, SocketAddress(options_.source, 0));
    return sendmsg(socket_, &message, 0) < 0 ? errno : 0;
  });
}

int BorrowedSocket::connect(const std::string& address, std::uint16_t port) {
  return in_namespace(netns_, [&] {
    const SocketAddress to(address, port);
    return ::connect(socket_, to.get(), to.length) == 0 ? 0 : errno;
  });
}

int BorrowedSocket::send_connected(std::string_view message) {
  return ::send(socket_, message.data(), message.size(), MSG_NOSIGNAL) < 0 ? errno : 0;
}

std::string BorrowedSocket::receive() {
  std::string text(2048, '\0');
  const ssize_t got = recv(socket_, text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

std::string echo_message(int family, std::string_view payload) {
  std::string message(8, '\0');
  message[0] = static_cast<char>(family == AF_INET ? int{ICMP_ECHO} : int{ICMP6_ECHO_REQUEST});
  return message.append(payload);
}

}  // namespace egress::test
