#include "adapters/host/links.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "adapters/host/rtnetlink.hpp"
#include "adapters/system_error.hpp"

namespace egress::host {
namespace {

constexpr std::size_t kDatagram = 64 << 10;
constexpr timeval kAnswerWait{.tv_sec = 5, .tv_usec = 0};

// Calls `take(type, payload)` with each attribute.
template <class Take>
void for_each_attribute(const rtattr* attribute, std::size_t length, Take take) {
  auto rest = static_cast<int>(length);
  while (RTA_OK(attribute, rest)) {
    take(attribute->rta_type & NLA_TYPE_MASK,
         std::string_view(static_cast<const char*>(RTA_DATA(attribute)), RTA_PAYLOAD(attribute)));
    const int step = NLA_ALIGN(attribute->rta_len);
    rest -= step;
    attribute = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(attribute) + step);
  }
}

std::string_view without_nul(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

// IFLA_LINKINFO: what the device is to the one that it belongs to.
bool is_bridge_port(std::string_view info) {
  bool is_port = false;
  for_each_attribute(reinterpret_cast<const rtattr*>(info.data()), info.size(),
                     [&](int type, std::string_view value) {
                       is_port |= type == IFLA_INFO_SLAVE_KIND && without_nul(value) == "bridge";
                     });
  return is_port;
}

nft::Link read_link(const nlmsghdr& message) {
  const auto* device = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  nft::Link link{.name = {},
                 .index = static_cast<std::uint32_t>(device->ifi_index),
                 .is_loopback = (device->ifi_flags & IFF_LOOPBACK) != 0};
  for_each_attribute(IFLA_RTA(device), IFLA_PAYLOAD(&message),
                     [&](int type, std::string_view value) {
                       if (type == IFLA_IFNAME) link.name = without_nul(value);
                       if (type == IFLA_LINKINFO) link.is_bridge_port = is_bridge_port(value);
                     });
  return link;
}

bool ask_for_links(int socket) {
  struct {
    nlmsghdr header;
    ifinfomsg device;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  return send(socket, &request, sizeof request, 0) == sizeof request;
}

// True at the end of the listing.
bool take_links(const std::vector<char>& datagram, std::size_t size,
                std::vector<nft::Link>& links) {
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
  std::size_t rest = size;
  for (; NLMSG_OK(message, rest); message = NLMSG_NEXT(message, rest)) {
    if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return true;
    if (message->nlmsg_type == RTM_NEWLINK) links.push_back(read_link(*message));
  }
  return false;
}

}  // namespace

Result<std::vector<nft::Link>> links() {
  const FileDescriptor opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!opened.is_open() ||
      setsockopt(opened.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerWait, sizeof kAnswerWait) != 0 ||
      !ask_for_links(opened.get()))
    return fail_errno("listing the network devices");
  std::vector<nft::Link> found;
  std::vector<char> datagram(kDatagram);
  for (;;) {
    const ssize_t size = recv(opened.get(), datagram.data(), datagram.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("listing the network devices");
    if (take_links(datagram, static_cast<std::size_t>(size), found)) break;
  }
  std::ranges::sort(found);
  return found;
}

Result<LinkWatch> LinkWatch::open() {
  auto socket = follow(RTMGRP_LINK);
  if (!socket) return tl::unexpected(socket.error());
  LinkWatch watch(*std::move(socket));
  auto found = host::links();  // after the socket: a change in between is noticed
  if (!found) return tl::unexpected(found.error());
  watch.links_ = *std::move(found);
  return watch;
}

Result<bool> LinkWatch::dispatch() {
  drain(socket_.get());
  auto found = host::links();
  if (!found) return tl::unexpected(found.error());
  if (*found == links_) return false;
  links_ = *std::move(found);
  return true;
}

}  // namespace egress::host
