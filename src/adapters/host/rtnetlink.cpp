#include "adapters/host/rtnetlink.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "adapters/system_error.hpp"

namespace egress::host {

Result<FileDescriptor> follow(std::uint32_t groups) {
  FileDescriptor opened(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (!opened.is_open() ||
      bind(opened.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno("rtnetlink socket");
  return opened;
}

void drain(int socket) {
  std::array<char, 8192> ignored{};
  while (recv(socket, ignored.data(), ignored.size(), 0) >= 0 || errno == ENOBUFS ||
         errno == EINTR) {
  }
}

}  // namespace egress::host
