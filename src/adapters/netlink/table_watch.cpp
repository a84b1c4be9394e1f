#include "adapters/netlink/table_watch.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "adapters/netlink/attributes.hpp"
#include "adapters/netlink/socket.hpp"
#include "adapters/system_error.hpp"
#include "egress/nft/ruleset.hpp"

namespace egress::netlink {
namespace {

constexpr int kDatagramsATurn = 256;  // whoever floods us with changes does not hold up the rest
// In every message about an object of a table, its table's name is attribute 1 (NFTA_TABLE_NAME,
// NFTA_CHAIN_TABLE, ...).
constexpr std::uint16_t kTableAttribute = NFTA_TABLE_NAME;

// One change's notices come with the port of the socket that made it, so that ours need not even be
// woken up for. The filter reads numbers as big-endian.
bool leave_out(int fd, std::uint32_t port) {
  std::array code{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog program{code.size(), code.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

bool is_about_our_table(const nlmsghdr& message) {
  const auto* header = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(&message));
  if (header->nfgen_family != NFPROTO_INET && header->nfgen_family != NFPROTO_NETDEV) return false;
  bool is_ours = false;
  for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) == kTableAttribute &&
        mnl_attr_validate(&attribute, MNL_TYPE_NUL_STRING) == 0)
      is_ours = is_ours || nft::kTableName == mnl_attr_get_str(&attribute);
  });
  return is_ours;
}

Tampering author_of(const nlmsghdr& generation) {
  Tampering author;
  for_each_attribute(generation, sizeof(nfgenmsg), [&](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) == NFTA_GEN_PROC_PID)
      author.pid = ntohl(number_in<std::uint32_t>(&attribute).value_or(0));
    if (mnl_attr_get_type(&attribute) == NFTA_GEN_PROC_NAME &&
        mnl_attr_validate(&attribute, MNL_TYPE_NUL_STRING) == 0)
      author.program = mnl_attr_get_str(&attribute);
  });
  return author;
}

}  // namespace

TableWatch::TableWatch(FileDescriptor socket)
    : socket_(std::move(socket)), buffer_(kDatagramOctets) {}

Result<TableWatch> TableWatch::open(std::uint32_t own_port) {
  FileDescriptor opened(
      socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  const int group = NFNLGRP_NFTABLES;
  if (!opened.is_open() || !leave_out(opened.get(), own_port) ||
      setsockopt(opened.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveRoom, sizeof kReceiveRoom) != 0 ||
      bind(opened.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(opened.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return fail_errno("cannot follow the changes of the packet filter");
  return TableWatch(std::move(opened));
}

std::optional<Tampering> TableWatch::dispatch() {
  for (int i = 0; i < kDatagramsATurn; ++i) {
    const ssize_t size = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (size >= 0 && static_cast<std::size_t>(size) <= buffer_.size()) {
      take(buffer_.data(), static_cast<std::size_t>(size));
    } else if (size >= 0 || errno == ENOBUFS) {
      found_ = Tampering{};  // what was lost may have been about us
    } else if (errno != EINTR) {
      break;
    }
  }
  return std::exchange(found_, {});
}

// The objects of a change come first, then the generation with its author.
void TableWatch::take(const std::uint8_t* datagram, std::size_t size) {
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram);
  int rest = static_cast<int>(size);
  for (; mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest)) {
    const bool is_nft = NFNL_SUBSYS_ID(message->nlmsg_type) == NFNL_SUBSYS_NFTABLES;
    if (!is_nft || mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) continue;
    if (NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWGEN) {
      is_touched_ = is_touched_ || is_about_our_table(*message);
    } else if (std::exchange(is_touched_, false)) {
      found_ = author_of(*message);
    }
  }
}

}  // namespace egress::netlink
