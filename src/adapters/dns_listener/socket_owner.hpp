// Which user of this host asked: the owner of the socket that a question came from, as sock_diag(7)
// knows it. Needs no privilege. Belongs to one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/file_descriptor.hpp"

namespace egress::dns_listener {

class SocketOwner {
 public:
  static Result<SocketOwner> open();

  // Ask before the answer is sent: afterwards the socket may be gone, and its port another's.
  // Empty when no socket of this network namespace fits (the client is a container, or went), or
  // several users' fit equally well. Never waits. Costs a walk of the kernel's table of sockets.
  std::optional<uid_t> uid_of(const Client& client);
  // The same of a connection that was accepted from the client, which is found at once: its socket
  // is connected to where the connection went before it was redirected here.
  std::optional<uid_t> uid_of_connection(int accepted, const Client& client);

 private:
  struct Best;
  explicit SocketOwner(FileDescriptor netlink);
  bool request(int domain, const Client& client);
  bool request_connection(const Client& client, const IpAddress& server, Port port);
  void read_answers(const Client& client, Best& best);
  bool read_datagram(std::span<const std::uint8_t> datagram, const Client& client, Best& best);

  FileDescriptor netlink_;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace egress::dns_listener
