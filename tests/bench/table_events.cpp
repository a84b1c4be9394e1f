#include "bench/table_events.hpp"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace egress::bench {
namespace {

constexpr std::uint16_t message_type(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

// NFTA_TABLE_NAME of a NEWTABLE message: the kernel puts it first.
std::string_view table_name(const nlmsghdr* message) {
  const auto* attribute =
      static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)));
  if (mnl_attr_get_type(attribute) != NFTA_TABLE_NAME) return {};
  return mnl_attr_get_str(attribute);
}

}  // namespace

TableEvents::TableEvents() : socket_(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)) {
  int group = NFNLGRP_NFTABLES;
  const int room = 16 << 20;
  if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) != 0 ||
      mnl_socket_setsockopt(socket_, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0 ||
      setsockopt(mnl_socket_get_fd(socket_), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    throw std::system_error(errno, std::generic_category(), "netlink");
}

TableEvents::~TableEvents() {
  mnl_socket_close(socket_);
}

std::optional<SteadyTime> TableEvents::creation_of(const std::string& table,
                                                   std::chrono::seconds patience) {
  alignas(nlmsghdr) std::array<char, 64 << 10> buffer;
  const SteadyTime end = now() + patience;
  bool is_made = false;
  while (now() < end) {
    pollfd wanted{mnl_socket_get_fd(socket_), POLLIN, 0};
    if (poll(&wanted, 1, 10) <= 0) continue;
    int rest = static_cast<int>(mnl_socket_recvfrom(socket_, buffer.data(), buffer.size()));
    const SteadyTime time = now();
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest)) {
      if (message->nlmsg_type == message_type(NFT_MSG_NEWTABLE))
        is_made = is_made || table_name(message) == table;
      if (is_made && message->nlmsg_type == message_type(NFT_MSG_NEWGEN)) return time;
    }
  }
  return {};
}

}  // namespace egress::bench
