#include "adapters/netlink/conntrack_message.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "egress/nft/layout.hpp"

namespace egress::netlink {
namespace {

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

Port port(Transport transport, const nlattr* attribute) {
  return has_ports(transport) ? ntohs(number_in<std::uint16_t>(attribute).value_or(0)) : Port{0};
}

// Where a port would be: 0 for an echo request, which an entry may open, or else the type, which
// none does.
Port type_of_ping(Transport transport, const Attributes<CTA_PROTO_MAX>& proto) {
  constexpr std::uint8_t kEcho = 8, kEcho6 = 128;  // RFC 792, RFC 4443
  const auto type_in = [&](ctattr_l4proto attribute, std::uint8_t echo) {
    const auto type = number_in<std::uint8_t>(proto[attribute]);
    return type == echo ? Port{0} : static_cast<Port>(type.value_or(0xff));
  };
  if (transport == Transport::icmp) return type_in(CTA_PROTO_ICMP_TYPE, kEcho);
  return transport == Transport::icmp6 ? type_in(CTA_PROTO_ICMPV6_TYPE, kEcho6) : Port{0};
}

}  // namespace

Attributes<CTA_MAX> top_level(const nlmsghdr& message) {
  Attributes<CTA_MAX> all{};
  for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr& attribute) {
    const std::uint16_t type = mnl_attr_get_type(&attribute);
    if (type <= CTA_MAX) all[type] = &attribute;
  });
  return all;
}

std::optional<Tuple> read_tuple(const nlattr* tuple) {
  const auto parts = nested<CTA_TUPLE_MAX>(tuple);
  const auto ip = nested<CTA_IP_MAX>(parts[CTA_TUPLE_IP]);
  const auto proto = nested<CTA_PROTO_MAX>(parts[CTA_TUPLE_PROTO]);
  const auto source = address(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
  const auto destination = address(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
  const auto number = number_in<std::uint8_t>(proto[CTA_PROTO_NUM]);
  if (!source || !destination || !number) return std::nullopt;
  const auto transport = static_cast<Transport>(*number);
  if (!has_ports(transport))
    return Tuple{{*source, transport, 0},
                 {*destination, transport, type_of_ping(transport, proto)}};
  return Tuple{{*source, transport, port(transport, proto[CTA_PROTO_SRC_PORT])},
               {*destination, transport, port(transport, proto[CTA_PROTO_DST_PORT])}};
}

nlmsghdr& header_of(Message& message) {
  return *reinterpret_cast<nlmsghdr*>(message.data());
}

nlmsghdr& start(Message& buffer, std::uint16_t type, std::uint16_t flags, std::uint8_t family) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* generic = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  generic->nfgen_family = family;
  generic->version = NFNETLINK_V0;
  return *header;
}

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

Message marking(const nlmsghdr& listed) {
  Message buffer = about(listed, IPCTNL_MSG_CT_NEW, {CTA_TUPLE_ORIG, CTA_ZONE});
  mnl_attr_put_u32(&header_of(buffer), CTA_MARK, htonl(nft::kCutMark));
  return buffer;
}

Message deletion(const nlmsghdr& listed) {
  return about(listed, IPCTNL_MSG_CT_DELETE, {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID});
}

bool is_cut(const Attributes<CTA_MAX>& entry) {
  const auto mark = number_in<std::uint32_t>(entry[CTA_MARK]);
  return mark && ntohl(*mark) == nft::kCutMark;
}

bool is_over(const Attributes<CTA_MAX>& entry) {
  const auto protocol = nested<CTA_PROTOINFO_MAX>(entry[CTA_PROTOINFO]);
  const auto tcp = nested<CTA_PROTOINFO_TCP_MAX>(protocol[CTA_PROTOINFO_TCP]);
  const auto state = number_in<std::uint8_t>(tcp[CTA_PROTOINFO_TCP_STATE]);
  return state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
}

}  // namespace egress::netlink
