// One NETLINK_NETFILTER socket.
#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::netlink {

inline constexpr std::size_t kDatagramOctets = 64
                                               << 10;  // dumps fit: NLMSG_GOODSIZE, at most 32 KiB
inline constexpr int kReceiveRoom = 4 << 20;           // octets that wait for us

class Socket {
 public:
  static Result<Socket> open();
  // One that an earlier run of the program has left open: what it was told meanwhile is thrown
  // away. It is closed if it is no netfilter netlink socket.
  static Result<Socket> adopt(int fd);

  int fd() const { return mnl_socket_get_fd(socket_.get()); }
  // The kernel's name for this socket: whose table it is, who has changed something.
  std::uint32_t port() const { return mnl_socket_get_portid(socket_.get()); }

  // Sequence numbers for `count` messages; the first is returned.
  std::uint32_t take_sequence(std::uint32_t count);
  // 0 or an errno. The kernel has processed the whole message when this returns.
  int send(std::span<const std::uint8_t> message);
  // The next datagram, valid until the next call; on failure `error` is set (EAGAIN: nothing came
  // in time).
  std::span<const std::uint8_t> receive(int& error);
  // Throws away whatever is queued, so that no later request reads an answer that is not its own.
  void drain();

  // Sends one request and hands each answer to `take`. 0 or an errno; EINTR: the dump was
  // interrupted by a change and must be repeated.
  int ask(nlmsghdr& request, const std::function<void(const nlmsghdr&)>& take);
  // While it lives, a dump that is interrupted goes on to its end, and take_interruption() tells.
  class GoesOn {
   public:
    explicit GoesOn(Socket& socket)
        : socket_(socket), went_on_(std::exchange(socket.goes_on_, true)) {}
    ~GoesOn() { socket_.goes_on_ = went_on_; }
    GoesOn(const GoesOn&) = delete;
    GoesOn& operator=(const GoesOn&) = delete;

   private:
    Socket& socket_;
    const bool went_on_;
  };
  bool take_interruption() { return std::exchange(was_interrupted_, false); }

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  explicit Socket(mnl_socket* socket);
  static Result<Socket> prepare(Socket socket);
  void note_interruption(std::size_t length);
  void make_room(std::size_t bytes);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::vector<std::uint8_t> buffer_;
  std::size_t send_room_ = 0;
  std::uint32_t sequence_ = 1;
  bool goes_on_ = false;
  bool was_interrupted_ = false;
};

}  // namespace egress::netlink
