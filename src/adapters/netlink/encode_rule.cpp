// Statements as nf_tables expressions. Registers and the order of the loads are those that the nft
// tool chooses, so that a rule reads back as it was written and `nft list` shows it in the same
// words.
#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/ip_icmp.h>

#include <chrono>

#include "adapters/netlink/encode.hpp"
#include "adapters/netlink/expressions.hpp"

namespace egress::netlink {
namespace {

constexpr std::uint32_t kLoopbackIndex = 1;  // of "lo", in every network namespace
constexpr std::uint32_t kStateInvalid = 1;   // NF_CT_STATE_BIT of each state
constexpr std::uint32_t kStateEstablished = 2;
constexpr std::uint32_t kStateRelated = 4;
constexpr std::uint32_t kStateNew = 8;
constexpr std::uint32_t kStatusConfirmed = 1 << 3;  // IPS_CONFIRMED
constexpr std::uint32_t kStatusDnat = 1 << 5;       // IPS_DST_NAT
constexpr std::uint32_t kRangeHasAddresses = 1;     // NF_NAT_RANGE_MAP_IPS
constexpr std::uint32_t kRangeHasPorts = 1 << 1;    // NF_NAT_RANGE_PROTO_SPECIFIED
constexpr std::uint8_t kTcpFlagSyn = 2, kTcpFlagReset = 4,
                       kTcpFlagAck = 16;  // RFC 9293 section 3.1
constexpr std::uint8_t kOriginal = 0;     // IP_CT_DIR_ORIGINAL
constexpr std::uint8_t kReply = 1;        // IP_CT_DIR_REPLY
constexpr std::uint32_t kLogLevelInfo = 6;

class RuleEncoder : Expressions {
 public:
  using Expressions::Expressions;

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
  void operator()(const nft::CtStatusNotDnat&) { has_not_status(kStatusDnat); }
  void operator()(const nft::CtBegins&) { has_not_status(kStatusConfirmed); }
  void operator()(const nft::CtReply&) { has_direction(kReply); }
  void operator()(const nft::CtOriginal&) { has_direction(kOriginal); }
  void operator()(const nft::CtProtocol& match) {
    load_ct(NFT_CT_PROTOCOL);
    compare(NFT_CMP_EQ, as_bytes(match.protocol));
  }
  void operator()(const nft::CtOriginalPort& match) {
    const std::uint16_t first = htons(match.ports.first), last = htons(match.ports.last);
    load_ct(NFT_CT_PROTO_DST, NFT_REG_1, Direction::original);
    if (match.ports.is_single()) return compare(NFT_CMP_EQ, as_bytes(first));
    compare(NFT_CMP_GTE, as_bytes(first));
    compare(NFT_CMP_LTE, as_bytes(last));
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
  void operator()(const nft::InOneOf& match) { one_of_names(NFT_META_IIFNAME, match.names); }
  void operator()(const nft::OutOneOf& match) { one_of_names(NFT_META_OIFNAME, match.names); }
  void operator()(const nft::SourceIs& match) {
    need_family(match.address.family());
    load_payload(source_of(match.address.family()), NFT_REG_1);
    compare(NFT_CMP_EQ, match.address.octets());
  }
  void operator()(const nft::SourceIn& match) {
    is_within(match.prefix, source_of(match.prefix.family()));
  }
  void operator()(const nft::SourceIsOwn&) {
    load_fib(NFTA_FIB_F_SADDR, NFT_FIB_RESULT_ADDRTYPE);
    compare(NFT_CMP_EQ, as_bytes(std::uint32_t{RTN_LOCAL}));
  }
  void operator()(const nft::DestinationIsOwn&) {
    load_fib(NFTA_FIB_F_DADDR, NFT_FIB_RESULT_ADDRTYPE);
    compare(NFT_CMP_EQ, as_bytes(std::uint32_t{RTN_LOCAL}));
  }
  void operator()(const nft::IsTaken&) {
    nftnl_expr* socket = append("socket");
    nftnl_expr_set_u32(socket, NFTNL_EXPR_SOCKET_KEY, NFT_SOCKET_WILDCARD);
    nftnl_expr_set_u32(socket, NFTNL_EXPR_SOCKET_DREG, NFT_REG_1);
    compare(NFT_CMP_LTE, as_bytes(std::uint8_t{1}));
  }
  void operator()(const nft::SourceIsOwnOfDevice&) {
    load_fib(NFTA_FIB_F_SADDR | NFTA_FIB_F_OIF, NFT_FIB_RESULT_ADDRTYPE);
    compare(NFT_CMP_EQ, as_bytes(std::uint32_t{RTN_LOCAL}));
  }
  void operator()(const nft::SourceElsewhere&) {
    load_fib(NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT, NFT_FIB_RESULT_OIF);
    compare(NFT_CMP_EQ, as_bytes(std::uint32_t{0}));
  }
  void operator()(const nft::SetSource& statement) {
    const Family family = statement.address.family();
    need_family(family);
    load_immediate(statement.address.octets());
    write_source(family);
  }
  void operator()(const nft::SetSourceToAsked& statement) {
    const bool is_v4 = statement.family == Family::ipv4;
    need_family(statement.family);
    load_ct(is_v4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, NFT_REG_1, Direction::original);
    write_source(statement.family);
  }
  void operator()(const nft::ToOne&) {
    load_meta(NFT_META_PKTTYPE, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(std::uint8_t{PACKET_HOST}));
  }
  void operator()(const nft::DestinationIs& match) {
    need_family(match.address.family());
    load_payload(destination_of(match.address.family()), NFT_REG_1);
    compare(NFT_CMP_EQ, match.address.octets());
  }
  void operator()(const nft::DestinationIn& match) {
    is_within(match.prefix, destination_of(match.prefix.family()));
  }
  void operator()(const nft::TcpReset&) {
    need_protocol(IPPROTO_TCP);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1}, NFT_REG_1);
    any_of(kTcpFlagReset);
  }
  void operator()(const nft::TcpOpens&) {
    need_protocol(IPPROTO_TCP);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1}, NFT_REG_1);
    mask(as_bytes(std::uint8_t{kTcpFlagSyn | kTcpFlagAck}));
    compare(NFT_CMP_EQ, as_bytes(kTcpFlagSyn));
  }
  void operator()(const nft::LengthUpTo& match) {
    const std::uint16_t most = htons(match.octets);
    need_family(match.family);
    load_payload({NFT_PAYLOAD_NETWORK_HEADER, match.family == Family::ipv4 ? 2U : 4U, 2},
                 NFT_REG_1);
    compare(NFT_CMP_LTE, as_bytes(most));
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
    is_meta(NFT_META_MARK, match.key.mark);
    is_meta(NFT_META_PRIORITY, match.key.priority);
    is_meta(NFT_META_SKUID, match.user);
  }
  void operator()(const nft::ByProgram&) {
    load_meta(NFT_META_SKUID, NFT_REG_1);
    compare_number(NFT_CMP_GTE, std::uint32_t{0});
  }
  void operator()(const nft::ByUserBelow& match) {
    load_meta(NFT_META_SKUID, NFT_REG_1);
    compare_number(NFT_CMP_LT, htonl(match.user));
  }
  void operator()(const nft::ClearKey&) {
    set_meta(NFT_META_MARK, 0);
    set_meta(NFT_META_PRIORITY, 0);
  }
  void operator()(const nft::EtherType& match) { is_ether_type(match.type); }
  void operator()(const nft::Routed& match) {
    load_meta(NFT_META_RTCLASSID, NFT_REG_1);
    compare(match.has_realm ? NFT_CMP_NEQ : NFT_CMP_EQ, as_bytes(std::uint32_t{0}));
  }
  void operator()(const nft::Before& match) {
    const auto since_epoch = std::chrono::nanoseconds(match.time.time_since_epoch());
    load_meta(NFT_META_TIME_NS, NFT_REG_1);
    compare_number(NFT_CMP_LT, htobe64(static_cast<std::uint64_t>(since_epoch.count())));
  }
  // Type and code in one load.
  void operator()(const nft::FragmentationNeeded&) {
    const std::array<std::uint8_t, 2> type_and_code{ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED};
    need_family(Family::ipv4);
    need_protocol(IPPROTO_ICMP);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2}, NFT_REG_1);
    compare(NFT_CMP_EQ, as_bytes(type_and_code));
  }
  void operator()(const nft::IcmpTypes& match) {
    need_family(Family::ipv4);
    need_protocol(IPPROTO_ICMP);
    load_payload({NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1}, NFT_REG_1);
    one_of(match.types, KeyType::icmp_type);
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
  void operator()(const nft::PeerInSet& match) {
    load_peer(match.family, destination_of(match.family));
    look_up(nft::set_name(nft::SetId::peers, match.family));
  }
  void operator()(const nft::SourceInSet& match) {
    load_endpoint(match.family, source_of(match.family), kSourcePort);
    look_up(nft::set_name(match.set, match.family));
  }
  void operator()(const nft::Untracked&) { append("notrack"); }
  void operator()(const nft::OwnZone&) { set_zone(nft::kOwnZone); }
  void operator()(const nft::CountDestination& statement) {
    load_destination(statement.family);
    update(nft::set_name(statement.tally, statement.family));
  }
  void operator()(const nft::RememberSender& statement) {
    need_family(statement.family);
    load_payload(source_of(statement.family), NFT_REG_1);
    load_payload(source_of(statement.family), second_address(statement.family));
    update(nft::senders_set(statement.family).name);
  }
  void operator()(const nft::SenderIsEnd& match) {
    need_family(match.family);
    load_payload(source_of(match.family), NFT_REG_1);
    load_ct(match.family == Family::ipv4 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6,
            second_address(match.family), match.of_reply ? Direction::reply : Direction::original);
    look_up(nft::senders_set(match.family).name);
  }
  void operator()(const nft::SourceKnown& match) {
    load_source(match.known, match.family);
    look_up(nft::known_set(match.known, match.family).name);
  }
  void operator()(const nft::RememberSource& statement) {
    load_source(statement.known, statement.family);
    update(nft::known_set(statement.known, statement.family).name);
  }
  void operator()(const nft::RateLimit& match) {
    limit(NFT_LIMIT_PKTS, match.per_second, match.burst);
  }
  void operator()(const nft::ByteLimit& match) {
    limit(NFT_LIMIT_PKT_BYTES, match.per_second, match.burst);
  }
  void operator()(const nft::MoreThanShare& match) {
    const bool is_link = match.sharer == nft::Sharer::link;
    load_meta(is_link ? NFT_META_IIFNAME : NFT_META_SKUID, NFT_REG_1);
    nftnl_expr* limit = nftnl_expr_alloc("limit");
    set_limit(limit, NFT_LIMIT_PKTS, match.rate.per_second, match.rate.burst, NFT_LIMIT_F_INV);
    nftnl_expr_set(update(nft::set_name(match.sharer)), NFTNL_EXPR_DYNSET_EXPR, limit, 0);
  }
  void operator()(const nft::NoteQuestion& statement) {
    load_meta(NFT_META_IIFNAME, NFT_REG_1);
    update(nft::set_name(statement.end));
  }
  void operator()(const nft::CountAs& statement) {
    nftnl_expr* reference = append("objref");
    nftnl_expr_set_u32(reference, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    nftnl_expr_set_str(reference, NFTNL_EXPR_OBJREF_IMM_NAME, statement.counter.c_str());
  }
  void operator()(const nft::LogLimited& statement) {
    limit(NFT_LIMIT_PKTS, 10, 50);
    nftnl_expr* log = append("log");
    nftnl_expr_set_str(log, NFTNL_EXPR_LOG_PREFIX, statement.prefix.c_str());
    nftnl_expr_set_u32(log, NFTNL_EXPR_LOG_LEVEL, kLogLevelInfo);
  }
  void operator()(const nft::Accept&) { verdict(NF_ACCEPT, {}); }
  void operator()(const nft::Drop&) { verdict(NF_DROP, {}); }
  void operator()(const nft::Return&) { verdict(NFT_RETURN, {}); }
  // The kernel lists the one port as a range, with the flag that goes with it.
  void operator()(const nft::Redirect& statement) {
    load_immediate(as_bytes(htons(statement.port)));
    nftnl_expr* redirect = append("redir");
    nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFT_REG_1);
    nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_REG_PROTO_MAX, NFT_REG_1);
    nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_FLAGS, kRangeHasPorts);
  }
  // Of packets of the other family it is no statement.
  void operator()(const nft::LeadTo& statement) {
    load_immediate(statement.address.octets());
    load_immediate(as_bytes(htons(statement.port)), NFT_REG_2);
    nftnl_expr* nat = append("nat");
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1);
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_2);
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_PROTO_MAX, NFT_REG_2);
    nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FLAGS, kRangeHasAddresses | kRangeHasPorts);
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
  void has_not_status(std::uint32_t bit) {
    load_ct(NFT_CT_STATUS);
    mask(as_bytes(bit));
    compare(NFT_CMP_EQ, as_bytes(std::uint32_t{0}));
  }
  void has_direction(std::uint8_t direction) {
    load_ct(NFT_CT_DIRECTION);
    compare(NFT_CMP_EQ, as_bytes(direction));
  }
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
