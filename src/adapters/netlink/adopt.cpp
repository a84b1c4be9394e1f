// Sessions that nothing has tracked become tracked connections, as conntrackd(8) makes those of
// another machine.
#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "adapters/netlink/conntrack.hpp"
#include "adapters/netlink/conntrack_message.hpp"
#include "adapters/system_error.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {
namespace {

constexpr int kAttempts = 10;  // against packets that bring back what was just deleted
// How long a session may stay idle before its next packet: the kernel's own default. After that
// packet the kernel's settings apply.
constexpr std::uint32_t kIdleSeconds = 5 * 24 * 60 * 60;

std::uint8_t family_of(const Tuple& tuple) {
  return tuple.source.address.is_v4() ? AF_INET : AF_INET6;
}

Tuple reversed(const Tuple& tuple) {
  return {tuple.destination, tuple.source};
}

void put_address(nlmsghdr& request, std::uint16_t v4, std::uint16_t v6, const IpAddress& address) {
  const auto octets = address.octets();
  mnl_attr_put(&request, address.is_v4() ? v4 : v6, octets.size(), octets.data());
}

void put_tuple(nlmsghdr& request, std::uint16_t direction, const Tuple& tuple) {
  nlattr* whole = mnl_attr_nest_start(&request, direction);
  nlattr* ip = mnl_attr_nest_start(&request, CTA_TUPLE_IP);
  put_address(request, CTA_IP_V4_SRC, CTA_IP_V6_SRC, tuple.source.address);
  put_address(request, CTA_IP_V4_DST, CTA_IP_V6_DST, tuple.destination.address);
  mnl_attr_nest_end(&request, ip);
  nlattr* proto = mnl_attr_nest_start(&request, CTA_TUPLE_PROTO);
  mnl_attr_put_u8(&request, CTA_PROTO_NUM, static_cast<std::uint8_t>(tuple.source.transport));
  mnl_attr_put_u16(&request, CTA_PROTO_SRC_PORT, htons(tuple.source.port));
  mnl_attr_put_u16(&request, CTA_PROTO_DST_PORT, htons(tuple.destination.port));
  mnl_attr_nest_end(&request, proto);
  mnl_attr_nest_end(&request, whole);
}

// Established, with whatever sequence numbers its packets may have.
void put_tcp_state(nlmsghdr& request) {
  const nf_ct_tcp_flags liberal{IP_CT_TCP_FLAG_BE_LIBERAL, IP_CT_TCP_FLAG_BE_LIBERAL};
  nlattr* info = mnl_attr_nest_start(&request, CTA_PROTOINFO);
  nlattr* tcp = mnl_attr_nest_start(&request, CTA_PROTOINFO_TCP);
  mnl_attr_put_u8(&request, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
  mnl_attr_put(&request, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof liberal, &liberal);
  mnl_attr_put(&request, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof liberal, &liberal);
  mnl_attr_nest_end(&request, tcp);
  mnl_attr_nest_end(&request, info);
}

// Refused with EEXIST where an entry has either direction's packets already.
int make(Socket& socket, const Tuple& tuple, bool is_cut) {
  Message buffer(512);
  nlmsghdr& request =
      start(buffer, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, family_of(tuple));
  put_tuple(request, CTA_TUPLE_ORIG, tuple);
  put_tuple(request, CTA_TUPLE_REPLY, reversed(tuple));
  mnl_attr_put_u32(&request, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
  mnl_attr_put_u32(&request, CTA_TIMEOUT, htonl(kIdleSeconds));
  if (is_cut) mnl_attr_put_u32(&request, CTA_MARK, htonl(nft::kCutMark));
  if (tuple.source.transport == Transport::tcp) put_tcp_state(request);
  return socket.ask(request, [](auto&) {});
}

// The entry that has these packets in one of its directions. 0 or an errno; ENOENT: none.
int find(Socket& socket, const Tuple& tuple, const std::function<void(const nlmsghdr&)>& take) {
  Message buffer(256);
  nlmsghdr& request = start(buffer, IPCTNL_MSG_CT_GET, NLM_F_ACK, family_of(tuple));
  put_tuple(request, CTA_TUPLE_ORIG, tuple);
  return socket.ask(request, take);
}

// What to do about an entry that stands in the way; empty: nothing, it is right.
struct Remedy {
  std::optional<Message> order;
  bool is_final = true;
};

// An entry in the right direction has our first packets, or our answers: translation may have
// changed one of them.
Remedy remedy_for(const nlmsghdr& listed, const Tuple& wanted, bool is_to_be_cut) {
  const auto entry = top_level(listed);
  const bool is_right = read_tuple(entry[CTA_TUPLE_ORIG]) == wanted ||
                        read_tuple(entry[CTA_TUPLE_REPLY]) == reversed(wanted);
  if (is_right) return {};
  if (!is_to_be_cut) return {deletion(listed), false};
  if (is_cut(entry)) return {};
  return {marking(listed), true};
}

// 0 or an errno.
int adopt(Socket& socket, const nft::Session& session, nft::Adopted& adopted) {
  const Tuple wanted{session.source, session.destination};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int refusal = make(socket, wanted, session.is_cut);
    if (refusal == 0) {
      ++adopted.made;
      if (session.is_cut) ++adopted.cut;
      return 0;
    }
    if (refusal != EEXIST) return refusal;
    Remedy remedy;
    const auto take = [&](const nlmsghdr& listed) {
      remedy = remedy_for(listed, wanted, session.is_cut);
    };
    int error = find(socket, wanted, take);
    if (error == ENOENT) error = find(socket, reversed(wanted), take);
    if (error == ENOENT) continue;  // it ended by itself
    if (error != 0 || !remedy.order) return error;
    error = socket.ask(header_of(*remedy.order), [](auto&) {});
    if (error == 0 && remedy.is_final) ++adopted.cut;
    if (error != ENOENT && (error != 0 || remedy.is_final)) return error;
  }
  return EAGAIN;
}

}  // namespace

Result<nft::Adopted> adopt_flows(Socket& socket, std::span<const nft::Session> sessions) {
  nft::Adopted adopted;
  Result<nft::Adopted> failure;
  for (const nft::Session& session : sessions) {
    const int error = adopt(socket, session, adopted);
    if (error == 0 || !failure) continue;
    failure = fail_errno(
        "tracking the session from " + session.source.text() + " to " + session.destination.text(),
        error);
  }
  return failure ? adopted : failure;
}

}  // namespace egress::netlink
