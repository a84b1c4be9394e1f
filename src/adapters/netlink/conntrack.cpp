#include "adapters/netlink/conntrack.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>

#include "adapters/netlink/attributes.hpp"
#include "adapters/system_error.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {
namespace {

constexpr int kAttempts =
    10;  // a listing that a change of the connection table interrupted starts over

template <std::size_t max>
using Attributes = std::array<const nlattr*, max + 1>;

// The attributes of a nest by type; a later one of the same type wins.
template <std::size_t max>
Attributes<max> nested(const nlattr* nest) {
  Attributes<max> all{};
  if (nest == nullptr) return all;
  for_each_nested(*nest, [&](const nlattr& attribute) {
    const std::uint16_t type = mnl_attr_get_type(&attribute);
    if (type <= max) all[type] = &attribute;
  });
  return all;
}

Attributes<CTA_MAX> top_level(const nlmsghdr& message) {
  Attributes<CTA_MAX> all{};
  for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr& attribute) {
    const std::uint16_t type = mnl_attr_get_type(&attribute);
    if (type <= CTA_MAX) all[type] = &attribute;
  });
  return all;
}

std::optional<IpAddress> address(const nlattr* v4, const nlattr* v6) {
  std::array<std::uint8_t, 16> octets{};
  const auto copy = [&](const nlattr* from, std::size_t length) {
    if (from == nullptr || mnl_attr_get_payload_len(from) != length) return false;
    const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(from));
    std::copy_n(bytes, length, octets.begin());
    return true;
  };
  if (copy(v4, 4)) return IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
  if (copy(v6, 16)) return IpAddress::v6(octets);
  return std::nullopt;
}

// The sending side of one direction's tuple. Empty: not TCP or UDP.
std::optional<Endpoint> source_of(const nlattr* tuple) {
  const auto parts = nested<CTA_TUPLE_MAX>(tuple);
  const auto ip = nested<CTA_IP_MAX>(parts[CTA_TUPLE_IP]);
  const auto proto = nested<CTA_PROTO_MAX>(parts[CTA_TUPLE_PROTO]);
  const auto source = address(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
  const auto number = number_in<std::uint8_t>(proto[CTA_PROTO_NUM]);
  const auto port = number_in<std::uint16_t>(proto[CTA_PROTO_SRC_PORT]);
  if (!source || !number || !port) return std::nullopt;
  const auto transport = static_cast<Transport>(*number);
  if (transport != Transport::tcp && transport != Transport::udp) return std::nullopt;
  return Endpoint{*source, transport, ntohs(*port)};
}

// Where the connection goes is where its replies come from: after destination NAT, as the filter
// hooks see it.
std::optional<nft::Flow> flow_of(const Attributes<CTA_MAX>& entry) {
  const auto source = source_of(entry[CTA_TUPLE_ORIG]);
  const auto destination = source_of(entry[CTA_TUPLE_REPLY]);
  if (!source || !destination) return std::nullopt;
  return nft::Flow{source->address, *destination};
}

bool is_cut(const Attributes<CTA_MAX>& entry) {
  const auto mark = number_in<std::uint32_t>(entry[CTA_MARK]);
  return mark && ntohl(*mark) == nft::kCutMark;
}

using Message = std::vector<std::uint8_t>;

nlmsghdr& start(Message& buffer, std::uint16_t type, std::uint16_t flags, std::uint8_t family) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* generic = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  generic->nfgen_family = family;
  generic->version = NFNETLINK_V0;
  return *header;
}

// An order about exactly the entry that was listed, named as the kernel named it.
Message about(const nlmsghdr& listed, std::uint16_t order,
              std::initializer_list<ctattr_type> names) {
  Message buffer(listed.nlmsg_len + 256);
  const auto entry = top_level(listed);
  const auto* generic = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(&listed));
  nlmsghdr& request = start(buffer, order, NLM_F_ACK, generic->nfgen_family);
  for (const auto type : names) {
    if (const nlattr* attribute = entry[type]) {
      mnl_attr_put(&request, attribute->nla_type, mnl_attr_get_payload_len(attribute),
                   mnl_attr_get_payload(attribute));
    }
  }
  return buffer;
}

// Gives it our mark.
Message marking(const nlmsghdr& listed) {
  Message buffer = about(listed, IPCTNL_MSG_CT_NEW, {CTA_TUPLE_ORIG, CTA_ZONE});
  mnl_attr_put_u32(reinterpret_cast<nlmsghdr*>(buffer.data()), CTA_MARK, htonl(nft::kCutMark));
  return buffer;
}

// The id tells it from one that took its place meanwhile.
Message deletion(const nlmsghdr& listed) {
  return about(listed, IPCTNL_MSG_CT_DELETE, {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID});
}

// One listing of both families. 0 or an errno.
int list(Socket& socket, const std::function<void(const nlmsghdr&)>& take) {
  Message buffer(256);
  return socket.ask(start(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), take);
}

// The order for a listed connection; empty: it is left alone.
using Choose = std::function<std::optional<Message>(const nlmsghdr&)>;

// Lists the connections and carries out what was chosen. How many.
Result<std::size_t> for_each_flow(Socket& socket, const Choose& choose) {
  std::size_t count = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::vector<Message> orders;
    const int interrupted = list(socket, [&](const nlmsghdr& listed) {
      if (auto order = choose(listed)) orders.push_back(std::move(*order));
    });
    if (interrupted != 0 && interrupted != EINTR) {
      return fail_errno("listing tracked connections", interrupted);
    }
    for (Message& message : orders) {
      const int error = socket.ask(*reinterpret_cast<nlmsghdr*>(message.data()), [](auto&) {});
      if (error == 0) ++count;
      // ENOENT: it ended by itself.
      if (error != 0 && error != ENOENT) return fail_errno("changing a tracked connection", error);
    }
    if (interrupted == 0) return count;
  }
  return fail("listing tracked connections: they change faster than they can be read");
}

}  // namespace

Result<std::size_t> cut_flows(Socket& socket,
                              const std::function<bool(const nft::Flow&)>& selects) {
  return for_each_flow(socket, [&](const nlmsghdr& listed) -> std::optional<Message> {
    const auto entry = top_level(listed);
    const auto flow = is_cut(entry) ? std::nullopt : flow_of(entry);
    if (!flow || !selects(*flow)) return std::nullopt;
    return marking(listed);
  });
}

Result<std::size_t> forget_flows(Socket& socket,
                                 const std::function<bool(const nft::Flow&)>& selects) {
  return for_each_flow(socket, [&](const nlmsghdr& listed) -> std::optional<Message> {
    const auto flow = flow_of(top_level(listed));
    if (!flow || !selects(*flow)) return std::nullopt;
    return deletion(listed);
  });
}

bool can_list_flows(Socket& socket) {
  // The statistics need the same right and the same module as the listing, which on a busy host is
  // long.
  Message buffer(256);
  return socket.ask(start(buffer, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, AF_UNSPEC), [](auto&) {}) ==
         0;
}

}  // namespace egress::netlink
