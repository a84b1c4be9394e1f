#include "bench/table_events.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

namespace egress::bench {
namespace {

constexpr std::uint16_t message_type(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

// NFTA_TABLE_NAME of a NEWTABLE message: the kernel puts it first.
std::string_view table_name(const nlmsghdr& message) {
  const char* attribute = reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN + sizeof(nfgenmsg);
  nlattr header{};
  std::memcpy(&header, attribute, sizeof header);
  if (header.nla_type != NFTA_TABLE_NAME) return {};
  return attribute + NLA_HDRLEN;
}

}  // namespace

TableEvents::TableEvents()
    : socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)) {
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  const int group = NFNLGRP_NFTABLES;
  const int room = 16 << 20;
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
      setsockopt(socket_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    throw std::system_error(errno, std::generic_category(), "netlink");
}

TableEvents::~TableEvents() {
  close(socket_);
}

std::optional<SteadyTime> TableEvents::creation_of(const std::string& table,
                                                   std::chrono::seconds patience) {
  alignas(nlmsghdr) std::array<char, 64 << 10> buffer;
  const SteadyTime end = now() + patience;
  bool is_made = false;
  while (now() < end) {
    pollfd wanted{socket_, POLLIN, 0};
    if (poll(&wanted, 1, 10) <= 0) continue;
    int rest = static_cast<int>(recv(socket_, buffer.data(), buffer.size(), 0));
    const SteadyTime time = now();
    auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
    for (; NLMSG_OK(message, static_cast<unsigned>(std::max(rest, 0)));
         message = NLMSG_NEXT(message, rest)) {
      if (message->nlmsg_type == message_type(NFT_MSG_NEWTABLE))
        is_made = is_made || table_name(*message) == table;
      if (is_made && message->nlmsg_type == message_type(NFT_MSG_NEWGEN)) return time;
    }
  }
  return {};
}

}  // namespace egress::bench
