// Statements as nf_tables expressions. Registers and the order of the loads are those that the nft
// tool chooses, so that a rule reads back as it was written and `nft list` shows it in the same
// words.
#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>

#include "adapters/netlink/encode.hpp"

namespace egress::netlink {
namespace {

constexpr std::uint32_t kLoopbackIndex = 1;  // of "lo", in every network namespace
constexpr std::uint32_t kStateInvalid = 1;   // NF_CT_STATE_BIT of each state
constexpr std::uint32_t kStateEstablished = 2;
constexpr std::uint32_t kStateRelated = 4;
constexpr std::uint32_t kStateNew = 8;
constexpr std::uint32_t kStatusDnat = 1 << 5;     // IPS_DST_NAT
constexpr std::uint32_t kRangeHasPorts = 1 << 1;  // NF_NAT_RANGE_PROTO_SPECIFIED
constexpr std::uint8_t kTcpFlagReset = 4;         // RFC 9293 section 3.1
constexpr std::uint32_t kLogLevelInfo = 6;

struct Payload {
  std::uint32_t base;
  std::uint32_t offset;
  std::uint32_t length;
};

constexpr std::uint32_t kSourcePort = 0, kDestinationPort = 2;  // in the transport header

Payload source_of(Family family) {
  return family == Family::ipv4 ? Payload{NFT_PAYLOAD_NETWORK_HEADER, 12, 4}
                                : Payload{NFT_PAYLOAD_NETWORK_HEADER, 8, 16};
}

Payload destination_of(Family family) {
  return family == Family::ipv4 ? Payload{NFT_PAYLOAD_NETWORK_HEADER, 16, 4}
                                : Payload{NFT_PAYLOAD_NETWORK_HEADER, 24, 16};
}

class RuleEncoder {
 public:
  RuleEncoder(const RulePlace& place, nftnl_rule* rule, std::vector<AnonymousSet>& sets)
      : place_(place), rule_(rule), sets_(sets) {}

  void operator()(const nft::CtState& match) {
    const std::uint32_t bits = (match.invalid ? kStateInvalid : 0) |
                               (match.established ? kStateEstablished : 0) |
                               (match.related ? kStateRelated : 0) | (match.is_new ? kStateNew : 0);
    load_ct(NFT_CT_STATE);
    any_of(bits);
  }
  void operator()(const nft::CtStatusDnat&) {
    load_ct(NFT_CT_STATUS);
    any_of(kStatusDnat);
  }
  void operator()(const nft::CtMark& match) {
    load_ct(NFT_CT_MARK);
    compare(NFT_CMP_EQ, as_bytes(match.mark));
  }
  void operator()(const nft::Layer4& match) {
    load_meta(NFT_META_L4PROTO, NFT_REG_1);
    one_of(match.protocols, KeyType::inet_proto);
  }
  void operator()(const nft::InLoopback&) { is_meta(NFT_META_IIF, kLoopbackIndex); }
  void operator()(const nft::OutLoopback&) { is_meta(NFT_META_OIF, kLoopbackIndex); }
  void operator()(const nft::InInterface& match) { interface(NFT_META_IIFNAME, match.pattern); }
  void operator()(const nft::OutInterface& match) { interface(NFT_META_OIFNAME, match.pattern); }
  void operator()(const nft::DestinationIs& match) {
    need_family(match.address.family());
    load_payload(destination_of(match.address.family()), NFT_REG_1);
    compare(NFT_CMP_EQ, match.address.octets());
  }
  // Only prefixes of whole octets, which need no mask.
  void operator()(const nft::DestinationIn& match) {
    assert(match.prefix.length() % 8 == 0);
    const auto octets = static_cast<std::uint32_t>(match.prefix.length()) / 8;
    Payload part = destination_of(match.prefix.family());
    part.length = octets;
    need_family(match.prefix.family());
    load_payload(part, NFT_REG_1);
    compare(NFT_CMP_EQ, match.prefix.first().octets().first(octets));
  }
  void operator()(const nft::TcpReset&) {
    need_protocol(IPPROTO_TCP);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1}, NFT_REG_1);
    any_of(kTcpFlagReset);
  }
  void operator()(const nft::SourcePort& match) { is_port(kSourcePort, match.port); }
  void operator()(const nft::DestinationPort& match) { is_port(kDestinationPort, match.port); }
  // Source and destination port as one load of four bytes.
  void operator()(const nft::UdpPorts& match) {
    const std::array<std::uint16_t, 2> ports{htons(match.source), htons(match.destination)};
    need_protocol(IPPROTO_UDP);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4}, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(ports));
  }
  // The mark first, which costs no lock.
  void operator()(const nft::OwnQuestion& match) {
    is_meta(NFT_META_MARK, nft::kOwnMark);
    is_meta(NFT_META_SKUID, match.user);
  }
  void operator()(const nft::EtherType& match) { is_ether_type(match.type); }
  void operator()(const nft::Routed&) {
    load_meta(NFT_META_RTCLASSID, NFT_REG_1);
    compare_number(NFT_CMP_GTE, std::uint32_t{0});
  }
  void operator()(const nft::Before& match) {
    const auto since_epoch = std::chrono::nanoseconds(match.time.time_since_epoch());
    load_meta(NFT_META_TIME_NS, NFT_REG_1);
    compare_number(NFT_CMP_LT, htobe64(static_cast<std::uint64_t>(since_epoch.count())));
  }
  void operator()(const nft::Icmp6Types& match) {
    need_family(Family::ipv6);
    need_protocol(IPPROTO_ICMPV6);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1}, NFT_REG_1);
    one_of(match.types, KeyType::icmpv6_type);
  }
  void operator()(const nft::HopLimit& match) {
    need_family(Family::ipv6);
    load_payload({NFT_PAYLOAD_NETWORK_HEADER, 7, 1}, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(match.value));
  }
  void operator()(const nft::DestinationInSet& match) {
    load_destination(match.family);
    look_up(nft::set_name(match.set, match.family));
  }
  void operator()(const nft::SourceInSet& match) {
    load_endpoint(match.family, source_of(match.family), kSourcePort);
    look_up(nft::set_name(match.set, match.family));
  }
  void operator()(const nft::Untracked&) { append("notrack"); }
  void operator()(const nft::CountDestination& statement) {
    load_destination(statement.family);
    nftnl_expr* update = append("dynset");
    nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
    nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
    nftnl_expr_set_str(update, NFTNL_EXPR_DYNSET_SET_NAME,
                       nft::set_name(statement.tally, statement.family).c_str());
    nftnl_expr_set_u64(update, NFTNL_EXPR_DYNSET_TIMEOUT, 0);  // that of the set
  }
  void operator()(const nft::CountAs& statement) {
    nftnl_expr* reference = append("objref");
    nftnl_expr_set_u32(reference, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    nftnl_expr_set_str(reference, NFTNL_EXPR_OBJREF_IMM_NAME, statement.counter.c_str());
  }
  void operator()(const nft::LogLimited& statement) {
    nftnl_expr* limit = append("limit");
    nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, 10);
    nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1);  // second
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, 50);
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_FLAGS, 0);
    nftnl_expr* log = append("log");
    nftnl_expr_set_str(log, NFTNL_EXPR_LOG_PREFIX, statement.prefix.c_str());
    nftnl_expr_set_u32(log, NFTNL_EXPR_LOG_LEVEL, kLogLevelInfo);
  }
  void operator()(const nft::Accept&) { verdict(NF_ACCEPT, {}); }
  void operator()(const nft::Drop&) { verdict(NF_DROP, {}); }
  // The kernel lists the one port as a range, with the flag that goes with it.
  void operator()(const nft::Redirect& statement) {
    const std::uint16_t port = htons(statement.port);
    nftnl_expr* immediate = append("immediate");
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
    nftnl_expr_set(immediate, NFTNL_EXPR_IMM_DATA, &port, sizeof port);
    nftnl_expr* redirect = append("redir");
    nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFT_REG_1);
    nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_REG_PROTO_MAX, NFT_REG_1);
    nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_FLAGS, kRangeHasPorts);
  }
  void operator()(const nft::Jump& to) { verdict(NFT_JUMP, to.chain); }
  void operator()(const nft::Goto& to) { verdict(NFT_GOTO, to.chain); }
  void operator()(const nft::RejectWithReset&) {
    need_protocol(IPPROTO_TCP);
    reject(NFT_REJECT_TCP_RST, 0);
  }
  void operator()(const nft::RejectProhibited&) {
    reject(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
  }

 private:
  template <class Value>
  static std::span<const std::uint8_t> as_bytes(const Value& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
  }

  nftnl_expr* append(const char* name) {
    nftnl_expr* expression = nftnl_expr_alloc(name);
    nftnl_rule_add_expr(rule_, expression);
    return expression;
  }

  void load_ct(std::uint32_t key) {
    nftnl_expr* load = append("ct");
    nftnl_expr_set_u32(load, NFTNL_EXPR_CT_DREG, NFT_REG_1);
    nftnl_expr_set_u32(load, NFTNL_EXPR_CT_KEY, key);
  }

  void load_meta(std::uint32_t key, std::uint32_t target) {
    nftnl_expr* load = append("meta");
    nftnl_expr_set_u32(load, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(load, NFTNL_EXPR_META_DREG, target);
  }

  void is_meta(std::uint32_t key, std::uint32_t value) {
    load_meta(key, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(value));
  }

  void is_port(std::uint32_t offset, Port port) {
    const std::uint16_t wanted = htons(port);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2}, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(wanted));
  }

  void load_payload(const Payload& payload, std::uint32_t target) {
    nftnl_expr* load = append("payload");
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, payload.base);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, payload.offset);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, payload.length);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, target);
  }

  void compare(std::uint32_t operation, std::span<const std::uint8_t> value) {
    nftnl_expr* cmp = append("cmp");
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, operation);
    nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, value.data(),
                   static_cast<std::uint32_t>(value.size()));
  }

  // Of a number in host order in the register with one in network order, as nft writes it.
  template <class Number>
  void compare_number(std::uint32_t operation, const Number& value) {
    nftnl_expr* order = append("byteorder");
    nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
    nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
    nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
    nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_LEN, sizeof value);
    nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_SIZE, sizeof value);
    compare(operation, as_bytes(value));
  }

  // Whether any of the bits is set in the register.
  template <class Bits>
  void any_of(const Bits& bits) {
    const Bits zero = 0;
    nftnl_expr* mask = append("bitwise");
    nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
    nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
    nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_LEN, sizeof bits);
    nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_MASK, &bits, sizeof bits);
    nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof zero);
    compare(NFT_CMP_NEQ, as_bytes(zero));
  }

  void is_ether_type(std::uint16_t type) {
    const std::uint16_t wanted = htons(type);
    load_meta(NFT_META_PROTOCOL, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(wanted));
  }

  // Once before the first look into a network header: meta nfproto ipv4, or of a frame, meta
  // protocol ip.
  void need_family(Family family) {
    if (family_ == family) return;
    family_ = family;
    if (place_.family == nft::TableFamily::netdev)
      return is_ether_type(family == Family::ipv4 ? ETH_P_IP : ETH_P_IPV6);
    const std::uint8_t protocol = family == Family::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
    load_meta(NFT_META_NFPROTO, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(protocol));
  }

  // meta l4proto udp: once before the first look into a transport header
  void need_protocol(std::uint8_t protocol) {
    if (protocol_ == protocol) return;
    protocol_ = protocol;
    load_meta(NFT_META_L4PROTO, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(protocol));
  }

  // ip daddr . meta l4proto . th dport
  void load_destination(Family family) {
    load_endpoint(family, destination_of(family), kDestinationPort);
  }

  // An address, meta l4proto and a port, into consecutive registers.
  void load_endpoint(Family family, const Payload& address, std::uint32_t port_offset) {
    const bool is_v4 = family == Family::ipv4;
    need_family(family);
    load_payload(address, NFT_REG_1);
    load_meta(NFT_META_L4PROTO, is_v4 ? NFT_REG32_01 : NFT_REG_2);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, port_offset, 2},
                 is_v4 ? NFT_REG32_02 : NFT_REG32_05);
  }

  void look_up(const std::string& set) {
    nftnl_expr* lookup = append("lookup");
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
    nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, set.c_str());
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, 0);
  }

  void one_of(const std::vector<std::uint8_t>& values, KeyType key_type) {
    if (values.size() == 1) {
      if (key_type == KeyType::inet_proto) protocol_ = values.front();
      return compare(NFT_CMP_EQ, values);
    }
    const std::uint32_t id = (*place_.next_set_id)++;
    sets_.push_back({id, key_type, values});
    nftnl_expr* lookup = append("lookup");
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
    nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, "__set%d");
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, id);
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, 0);
  }

  // "br-*" compares only the bytes before the star; an exact name is compared whole, zeroes
  // included.
  void interface(std::uint32_t key, const std::string& pattern) {
    assert(pattern.size() < IFNAMSIZ);
    std::array<std::uint8_t, IFNAMSIZ> name{};
    std::copy(pattern.begin(), pattern.end(), name.begin());
    const bool is_prefix = pattern.ends_with('*');
    load_meta(key, NFT_REG_1);
    compare(NFT_CMP_EQ, std::span(name).first(is_prefix ? pattern.size() - 1 : name.size()));
  }

  void verdict(int code, const std::string& chain) {
    nftnl_expr* immediate = append("immediate");
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(code));
    if (!chain.empty()) nftnl_expr_set_str(immediate, NFTNL_EXPR_IMM_CHAIN, chain.c_str());
  }

  void reject(std::uint32_t type, std::uint8_t code) {
    nftnl_expr* expression = append("reject");
    nftnl_expr_set_u32(expression, NFTNL_EXPR_REJECT_TYPE, type);
    nftnl_expr_set_u8(expression, NFTNL_EXPR_REJECT_CODE, code);
  }

  const RulePlace& place_;
  nftnl_rule* rule_;
  std::vector<AnonymousSet>& sets_;
  std::optional<Family> family_;
  std::optional<std::uint8_t> protocol_;
};

}  // namespace

EncodedRule encode_rule(const RulePlace& place, const nft::Rule& rule) {
  EncodedRule encoded{RulePtr(nftnl_rule_alloc()), {}};
  nftnl_rule_set_u32(encoded.rule.get(), NFTNL_RULE_FAMILY, protocol_family(place.family));
  nftnl_rule_set_str(encoded.rule.get(), NFTNL_RULE_TABLE, place.table.c_str());
  nftnl_rule_set_str(encoded.rule.get(), NFTNL_RULE_CHAIN, place.chain.c_str());
  RuleEncoder encoder(place, encoded.rule.get(), encoded.sets);
  for (const nft::Statement& statement : rule) std::visit(encoder, statement);
  return encoded;
}

}  // namespace egress::netlink
