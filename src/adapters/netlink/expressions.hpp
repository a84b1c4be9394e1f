// The expressions of one rule, appended one by one. Registers and the order of the loads are those
// that the nft tool chooses, so that a rule reads back as it was written and `nft list` shows it in
// the same words.
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/netlink/encode.hpp"

namespace egress::netlink {

struct Payload {
  std::uint32_t base;
  std::uint32_t offset;
  std::uint32_t length;
};

inline constexpr std::uint32_t kSourcePort = 0, kDestinationPort = 2;  // in the transport header

inline Payload source_of(Family family) {
  return family == Family::ipv4 ? Payload{NFT_PAYLOAD_NETWORK_HEADER, 12, 4}
                                : Payload{NFT_PAYLOAD_NETWORK_HEADER, 8, 16};
}

inline Payload destination_of(Family family) {
  return family == Family::ipv4 ? Payload{NFT_PAYLOAD_NETWORK_HEADER, 16, 4}
                                : Payload{NFT_PAYLOAD_NETWORK_HEADER, 24, 16};
}

inline std::array<std::uint8_t, 16> mask_octets(int length) {
  std::array<std::uint8_t, 16> octets{};
  for (int bit = 0; bit < length; ++bit)
    octets.at(static_cast<std::size_t>(bit / 8)) |= static_cast<std::uint8_t>(0x80 >> bit % 8);
  return octets;
}

class Expressions {
 public:
  Expressions(const RulePlace& place, nftnl_rule* rule, std::vector<AnonymousSet>& sets)
      : place_(place), rule_(rule), sets_(sets) {}

 protected:
  template <class Value>
  static std::span<const std::uint8_t> as_bytes(const Value& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
  }

  nftnl_expr* append(const char* name) {
    nftnl_expr* expression = nftnl_expr_alloc(name);
    nftnl_rule_add_expr(rule_, expression);
    return expression;
  }

  enum class Direction : std::uint8_t { original = 0, reply = 1 };
  void load_ct(std::uint32_t key, std::uint32_t target = NFT_REG_1,
               std::optional<Direction> direction = std::nullopt) {
    nftnl_expr* load = append("ct");
    nftnl_expr_set_u32(load, NFTNL_EXPR_CT_DREG, target);
    nftnl_expr_set_u32(load, NFTNL_EXPR_CT_KEY, key);
    if (direction)
      nftnl_expr_set_u8(load, NFTNL_EXPR_CT_DIR, static_cast<std::uint8_t>(*direction));
  }

  void load_fib(std::uint32_t flags, std::uint32_t result) {
    nftnl_expr* load = append("fib");
    nftnl_expr_set_u32(load, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
    nftnl_expr_set_u32(load, NFTNL_EXPR_FIB_FLAGS, flags);
    nftnl_expr_set_u32(load, NFTNL_EXPR_FIB_RESULT, result);
  }

  // Of who sends, with the number of the link by which it came.
  void load_source(nft::Known known, Family family) {
    need_family(family);
    if (known == nft::Known::own) return load_payload(source_of(family), NFT_REG_1);
    load_meta(NFT_META_IIF, NFT_REG_1);
    load_payload(source_of(family), NFT_REG32_01);
  }

  // What the register holds becomes the source. IPv4 has a checksum of its own; those of TCP and
  // UDP count the addresses.
  void write_source(Family family) {
    constexpr std::uint32_t kHeaderChecksum = 10;
    const bool is_v4 = family == Family::ipv4;
    const Payload source = source_of(family);
    nftnl_expr* write = append("payload");
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_BASE, source.base);
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_OFFSET, source.offset);
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_LEN, source.length);
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_CSUM_TYPE,
                       is_v4 ? NFT_PAYLOAD_CSUM_INET : NFT_PAYLOAD_CSUM_NONE);
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, is_v4 ? kHeaderChecksum : 0);
    nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_FLAGS, NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
  }

  // Of a concatenation of two addresses.
  static std::uint32_t second_address(Family family) {
    return family == Family::ipv4 ? static_cast<std::uint32_t>(NFT_REG32_01)
                                  : static_cast<std::uint32_t>(NFT_REG_2);
  }

  // update @hits4 { ... }: the key is in the registers.
  nftnl_expr* update(const std::string& set) {
    nftnl_expr* update = append("dynset");
    nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
    nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
    nftnl_expr_set_str(update, NFTNL_EXPR_DYNSET_SET_NAME, set.c_str());
    nftnl_expr_set_u64(update, NFTNL_EXPR_DYNSET_TIMEOUT, 0);  // that of the set
    return update;
  }

  void limit(std::uint32_t unit, std::uint64_t per_second, std::uint32_t burst) {
    set_limit(append("limit"), unit, per_second, burst, 0);
  }

  static void set_limit(nftnl_expr* limit, std::uint32_t unit, std::uint64_t per_second,
                        std::uint32_t burst, std::uint32_t flags) {
    nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, per_second);
    nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1);  // second
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, burst);
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, unit);
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_FLAGS, flags);
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

  void load_immediate(std::span<const std::uint8_t> value, std::uint32_t to = NFT_REG_1) {
    nftnl_expr* immediate = append("immediate");
    nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, to);
    nftnl_expr_set(immediate, NFTNL_EXPR_IMM_DATA, value.data(),
                   static_cast<std::uint32_t>(value.size()));
  }

  void set_zone(std::uint16_t zone) {
    load_immediate(as_bytes(zone));
    nftnl_expr* set = append("ct");
    nftnl_expr_set_u32(set, NFTNL_EXPR_CT_KEY, NFT_CT_ZONE);
    nftnl_expr_set_u32(set, NFTNL_EXPR_CT_SREG, NFT_REG_1);
  }

  void set_meta(std::uint32_t key, std::uint32_t value) {
    load_immediate(as_bytes(value));
    nftnl_expr* set = append("meta");
    nftnl_expr_set_u32(set, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(set, NFTNL_EXPR_META_SREG, NFT_REG_1);
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

  // Of the value in the register only these bits.
  void mask(std::span<const std::uint8_t> bits) {
    const std::array<std::uint8_t, 16> zero{};
    const auto length = static_cast<std::uint32_t>(bits.size());
    nftnl_expr* mask = append("bitwise");
    nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
    nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
    nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_LEN, length);
    nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_MASK, bits.data(), length);
    nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_XOR, zero.data(), length);
  }

  // Whether the address at this place is within the prefix. Whole octets need no mask.
  void is_within(const Prefix& prefix, Payload address) {
    const std::uint32_t whole = address.length;
    const bool is_whole = prefix.length() % 8 == 0;
    if (is_whole) address.length = static_cast<std::uint32_t>(prefix.length()) / 8;
    need_family(prefix.family());
    load_payload(address, NFT_REG_1);
    const auto bits = mask_octets(prefix.length());
    if (!is_whole) mask(std::span(bits).first(whole));
    compare(NFT_CMP_EQ, prefix.first().octets().first(address.length));
  }

  // Whether any of the bits is set in the register.
  template <class Bits>
  void any_of(const Bits& bits) {
    mask(as_bytes(bits));
    compare(NFT_CMP_NEQ, as_bytes(Bits{0}));
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

  // An address and meta l4proto, into consecutive registers.
  void load_peer(Family family, const Payload& address) {
    need_family(family);
    load_payload(address, NFT_REG_1);
    load_meta(NFT_META_L4PROTO, family == Family::ipv4 ? NFT_REG32_01 : NFT_REG_2);
  }

  // The same, and a port.
  void load_endpoint(Family family, const Payload& address, std::uint32_t port_offset) {
    const bool is_v4 = family == Family::ipv4;
    load_peer(family, address);
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
    std::vector<Octets> keys;
    for (const std::uint8_t value : values) keys.push_back({value});
    look_into({key_type, std::move(keys)});
  }

  struct Contents {
    KeyType key_type;
    std::vector<Octets> keys;
  };
  // The value in the register, in a set of this rule's own.
  void look_into(Contents contents) {
    const std::uint32_t id = (*place_.next_set_id)++;
    sets_.push_back({id, contents.key_type, std::move(contents.keys)});
    nftnl_expr* lookup = append("lookup");
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
    nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, "__set%d");
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, id);
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, 0);
  }

  // As the kernel compares names: whole, zeroes included.
  static Octets name_of(const std::string& name) {
    assert(name.size() < IFNAMSIZ);
    Octets octets(IFNAMSIZ);
    std::ranges::copy(name, octets.begin());
    return octets;
  }
  void one_of_names(std::uint32_t key, const std::vector<std::string>& names) {
    if (names.size() == 1) return interface(key, names.front());
    std::vector<Octets> keys;
    for (const std::string& name : names) keys.push_back(name_of(name));
    load_meta(key, NFT_REG_1);
    look_into({KeyType::ifname, std::move(keys)});
  }

  // "br-*" compares only the bytes before the star; an exact name is compared whole, zeroes
  // included.
  void interface(std::uint32_t key, const std::string& pattern) {
    const Octets name = name_of(pattern);
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

 private:
  const RulePlace& place_;
  nftnl_rule* rule_;
  std::vector<AnonymousSet>& sets_;
  std::optional<Family> family_;
  std::optional<std::uint8_t> protocol_;
};

}  // namespace egress::netlink
