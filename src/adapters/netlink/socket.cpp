#include "adapters/netlink/socket.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include "adapters/system_error.hpp"

namespace egress::netlink {
namespace {

// The kernel answers before send() returns; this only bounds a wait for an answer that was lost.
constexpr timeval kAnswerWait{.tv_sec = 5, .tv_usec = 0};

template <class Value>
bool set_option(int fd, int level, int option, const Value& value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

}  // namespace

Socket::Socket(mnl_socket* socket) : socket_(socket), buffer_(kDatagramOctets) {}

Result<Socket> Socket::open() {
  mnl_socket* raw = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
  if (raw == nullptr) return fail_errno("cannot open a netfilter netlink socket");
  Socket socket(raw);
  if (mnl_socket_bind(raw, 0, MNL_SOCKET_AUTOPID) < 0) return fail_errno("netlink bind");
  return prepare(std::move(socket));
}

Result<Socket> Socket::adopt(int fd) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  mnl_socket* raw = nullptr;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0 ||
      protocol != NETLINK_NETFILTER || (raw = mnl_socket_fdopen(fd)) == nullptr) {
    ::close(fd);
    return fail("the descriptor that was kept is no netfilter netlink socket");
  }
  auto socket = prepare(Socket(raw));
  if (socket) socket->drain();
  return socket;
}

Result<Socket> Socket::prepare(Socket socket) {
  const int fd = socket.fd();
  // Without the privilege to force it, the ordinary limit has to do.
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveRoom)) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveRoom);
  }
  // Errors come without a copy of the message, but with the offset of the attribute at fault.
  const int on = 1;
  if (!set_option(fd, SOL_NETLINK, NETLINK_CAP_ACK, on) ||
      !set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, on) ||
      !set_option(fd, SOL_SOCKET, SO_RCVTIMEO, kAnswerWait)) {
    return fail_errno("netlink socket options");
  }
  return socket;
}

std::uint32_t Socket::take_sequence(std::uint32_t count) {
  // 0 is what unsolicited messages carry.
  if (sequence_ > UINT32_MAX - count) sequence_ = 1;
  const std::uint32_t first = sequence_;
  sequence_ += count;
  return first;
}

// A batch must fit into the send buffer whole, together with the kernel's bookkeeping.
void Socket::make_room(std::size_t bytes) {
  if (bytes <= send_room_) return;
  const int room = static_cast<int>(bytes);
  if (set_option(fd(), SOL_SOCKET, SO_SNDBUFFORCE, room)) send_room_ = bytes;
}

int Socket::send(std::span<const std::uint8_t> message) {
  make_room(message.size() + 4096);
  return mnl_socket_sendto(socket_.get(), message.data(), message.size()) < 0 ? errno : 0;
}

std::span<const std::uint8_t> Socket::receive(int& error) {
  ssize_t length = 0;
  do {
    length = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
  } while (length < 0 && errno == EINTR);
  error = length < 0 ? errno : 0;
  return {buffer_.data(), length < 0 ? 0 : static_cast<std::size_t>(length)};
}

void Socket::drain() {
  while (recv(fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS) {
  }
}

// Takes the mark of an interruption (NLM_F_DUMP_INTR) off the messages, at which libmnl would stop.
void Socket::note_interruption(std::size_t length) {
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= length;) {
    auto* const message = reinterpret_cast<nlmsghdr*>(buffer_.data() + at);
    if (message->nlmsg_len < sizeof(nlmsghdr)) return;
    if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) was_interrupted_ = true;
    message->nlmsg_flags = static_cast<std::uint16_t>(message->nlmsg_flags & ~NLM_F_DUMP_INTR);
    at += NLMSG_ALIGN(message->nlmsg_len);
  }
}

int Socket::ask(nlmsghdr& request, const std::function<void(const nlmsghdr&)>& take) {
  request.nlmsg_seq = take_sequence(1);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&request);
  if (const int error = send({bytes, request.nlmsg_len})) return error;
  const auto on_message = [](const nlmsghdr* answer, void* context) {
    (*static_cast<const std::function<void(const nlmsghdr&)>*>(context))(*answer);
    return MNL_CB_OK;
  };
  for (;;) {
    int error = 0;
    const auto datagram = receive(error);
    if (error != 0) return error;
    if (goes_on_) note_interruption(datagram.size());
    const int state = mnl_cb_run(datagram.data(), datagram.size(), request.nlmsg_seq, port(),
                                 on_message, const_cast<void*>(static_cast<const void*>(&take)));
    if (state < 0) {
      error = errno;
      drain();
      return error;
    }
    if (state == MNL_CB_STOP) return 0;
  }
}

}  // namespace egress::netlink
