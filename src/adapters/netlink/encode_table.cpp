#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

#include <algorithm>
#include <array>

#include "adapters/netlink/encode.hpp"
#include "egress/core/limits.hpp"

namespace egress::netlink {
namespace {

constexpr std::uint16_t kDestroyTable =
    26;                                 // NFT_MSG_DESTROYTABLE, missing from Debian 12's headers
constexpr std::uint32_t kTypeBits = 6;  // of each part of a concatenated type, as nft counts

std::int32_t priority(nft::ChainType type) {
  switch (type) {
    case nft::ChainType::filter:
      return 0;
    case nft::ChainType::source:
      return nft::kSource;
    case nft::ChainType::nat:
      return nft::kDstnat;
    case nft::ChainType::last:
      return nft::kLast;
  }
  return 0;
}

std::uint32_t hook_number(nft::Hook hook) {
  constexpr std::uint32_t kNetdevEgress = 1;  // NF_NETDEV_EGRESS
  return hook == nft::Hook::egress ? kNetdevEgress : static_cast<std::uint32_t>(hook);
}

std::vector<KeyType> key_parts(const nft::SetDefinition& set) {
  const auto address = set.family == Family::ipv4 ? KeyType::ipv4_addr : KeyType::ipv6_addr;
  switch (set.key) {
    case nft::SetDefinition::Key::endpoint:
      return {address, KeyType::inet_proto, KeyType::inet_service};
    case nft::SetDefinition::Key::peer:
      return {address, KeyType::inet_proto};
    case nft::SetDefinition::Key::address:
      return {address};
    case nft::SetDefinition::Key::link_address:
      return {KeyType::iface_index, address};
    case nft::SetDefinition::Key::address_pair:
      return {address, address};
    case nft::SetDefinition::Key::link:
      return {KeyType::ifname};
    case nft::SetDefinition::Key::user:
      return {KeyType::uid};
  }
  return {};
}

// Each part of a key begins at a register of four octets.
std::uint32_t length_of(KeyType part) {
  switch (part) {
    case KeyType::ipv6_addr:
      return 16;
    case KeyType::ifname:
      return IFNAMSIZ;
    default:
      return 4;
  }
}

std::uint32_t key_length(const nft::SetDefinition& set) {
  std::uint32_t length = 0;
  for (const KeyType part : key_parts(set)) length += length_of(part);
  return length;
}

bool is_of_host_order(const nft::SetDefinition& set) {
  return set.key == nft::SetDefinition::Key::link || set.key == nft::SetDefinition::Key::user;
}

std::uint32_t concatenated_type(const nft::SetDefinition& set) {
  std::uint32_t type = 0;
  for (const KeyType part : key_parts(set))
    type = (type << kTypeBits) | static_cast<std::uint32_t>(part);
  return type;
}

std::uint32_t set_flags(const nft::SetDefinition& definition) {
  std::uint32_t flags = 0;
  if (definition.is_interval) flags |= NFT_SET_INTERVAL | NFT_SET_CONCAT;
  if (definition.has_timeout) flags |= NFT_SET_TIMEOUT;
  if (definition.is_dynamic) flags |= NFT_SET_EVAL;
  return flags;
}

// counter refused { }
void add_counter(Batch& batch, const std::string& table, const std::string& name) {
  ObjectPtr counter(nftnl_obj_alloc());
  nftnl_obj_set_str(counter.get(), NFTNL_OBJ_TABLE, table.c_str());
  nftnl_obj_set_str(counter.get(), NFTNL_OBJ_NAME, name.c_str());
  nftnl_obj_set_u32(counter.get(), NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
  nftnl_obj_set_u64(counter.get(), NFTNL_OBJ_CTR_PKTS, 0);
  batch.add(NFT_MSG_NEWOBJ, NLM_F_CREATE, {"counter " + name, {}},
            [&](nlmsghdr* message) { nftnl_obj_nlmsg_build_payload(message, counter.get()); });
}

// Names are in the order of the host; without this remark nft shows them backwards.
void tell_order(nftnl_set* set) {
  constexpr std::uint32_t kHostOrder = 1;  // BYTEORDER_HOST_ENDIAN of nft
  nftnl_udata_buf* remarks = nftnl_udata_buf_alloc(64);
  nftnl_udata_put_u32(remarks, NFTNL_UDATA_SET_KEYBYTEORDER, kHostOrder);
  nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(remarks),
                     nftnl_udata_buf_len(remarks));
  nftnl_udata_buf_free(remarks);
}

// { tcp, udp }
void add_anonymous_set(Batch& batch, const std::string& table, const AnonymousSet& anonymous) {
  const SetPtr set = encode_set(table, anonymous);
  batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, {"anonymous set", {}},
            [&](nlmsghdr* message) { nftnl_set_nlmsg_build_payload(message, set.get()); });
  for (const Octets& value : anonymous.values) {
    nftnl_set_elem* element = nftnl_set_elem_alloc();
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, value.data(),
                       static_cast<std::uint32_t>(value.size()));
    nftnl_set_elem_add(set.get(), element);
  }
  batch.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE, {"anonymous set", {}},
            [&](nlmsghdr* message) { nftnl_set_elems_nlmsg_build_payload(message, set.get()); });
}

void add_rule(Batch& batch, const RulePlace& place, const nft::Rule& rule) {
  const EncodedRule encoded = encode_rule(place, rule);
  for (const AnonymousSet& set : encoded.sets) add_anonymous_set(batch, place.table, set);
  batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
            {"chain " + place.chain + ", rule: " + nft::print(rule), {}}, [&](nlmsghdr* message) {
              nftnl_rule_nlmsg_build_payload(message, encoded.rule.get());
            });
}

void add_chain(Batch& batch, const std::string& table, const nft::Chain& chain) {
  const ChainPtr encoded = encode_chain(table, chain);
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, {"chain " + chain.name, {}},
            [&](nlmsghdr* message) { nftnl_chain_nlmsg_build_payload(message, encoded.get()); });
}

// The message that deletes a part of a kind, and where it has its names.
struct Kind {
  std::uint16_t deletion;
  const char* word;
  std::uint16_t table, name;
};

void delete_part(Batch& batch, const std::string& table, const Kind& kind,
                 const std::string& name) {
  batch.add(kind.deletion, 0, {std::string(kind.word) + " " + name, {}}, [&](nlmsghdr* message) {
    mnl_attr_put_strz(message, kind.table, table.c_str());
    mnl_attr_put_strz(message, kind.name, name.c_str());
    if (kind.deletion == NFT_MSG_DELOBJ)
      mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
  });
}

void table_message(Batch& batch, std::uint16_t type, const std::string& name,
                   std::uint32_t table_flags = 0) {
  TablePtr table(nftnl_table_alloc());
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name.c_str());
  if (table_flags != 0) nftnl_table_set_u32(table.get(), NFTNL_TABLE_FLAGS, table_flags);
  const std::uint16_t flags = type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0;
  batch.add(type, flags,
            {batch.family() == NFPROTO_NETDEV ? "table netdev " + name : "table inet " + name, {}},
            [&](nlmsghdr* message) { nftnl_table_nlmsg_build_payload(message, table.get()); });
}

}  // namespace

std::uint8_t protocol_family(nft::TableFamily family) {
  return family == nft::TableFamily::netdev ? NFPROTO_NETDEV : NFPROTO_INET;
}

// set allow4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }
SetPtr encode_set(const std::string& table, const nft::SetDefinition& definition) {
  SetPtr set(nftnl_set_alloc());
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, definition.name.c_str());
  nftnl_set_set_u32(set.get(), NFTNL_SET_ID, 0);
  nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, set_flags(definition));
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, concatenated_type(definition));
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, key_length(definition));
  if (is_of_host_order(definition)) tell_order(set.get());
  if (definition.is_interval) {
    // Ranges are kept for each field alone, so the kernel must know where one ends.
    const std::uint8_t address_length = definition.family == Family::ipv4 ? 4 : 16;
    const std::array<std::uint8_t, 3> fields{address_length, 1, 2};
    nftnl_set_set_data(set.get(), NFTNL_SET_DESC_CONCAT, fields.data(), fields.size());
  }
  if (definition.is_dynamic) {
    nftnl_set_set_u32(set.get(), NFTNL_SET_DESC_SIZE, static_cast<std::uint32_t>(definition.size));
    nftnl_set_set_u64(set.get(), NFTNL_SET_TIMEOUT,
                      static_cast<std::uint64_t>(milliseconds(definition.timeout).count()));
  }
  if (definition.counts) nftnl_set_add_expr(set.get(), nftnl_expr_alloc("counter"));
  return set;
}

SetPtr encode_set(const std::string& table, const AnonymousSet& anonymous) {
  SetPtr set(nftnl_set_alloc());
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, "__set%d");
  nftnl_set_set_u32(set.get(), NFTNL_SET_ID, anonymous.id);
  nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT);
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, static_cast<std::uint32_t>(anonymous.key_type));
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN,
                    static_cast<std::uint32_t>(anonymous.values.front().size()));
  nftnl_set_set_u32(set.get(), NFTNL_SET_DESC_SIZE,
                    static_cast<std::uint32_t>(anonymous.values.size()));
  if (anonymous.key_type == KeyType::ifname) tell_order(set.get());
  return set;
}

// type filter hook output priority filter; policy drop;
ChainPtr encode_chain(const std::string& table, const nft::Chain& chain) {
  ChainPtr encoded(nftnl_chain_alloc());
  nftnl_chain_set_str(encoded.get(), NFTNL_CHAIN_TABLE, table.c_str());
  nftnl_chain_set_str(encoded.get(), NFTNL_CHAIN_NAME, chain.name.c_str());
  if (chain.hook) {
    const bool is_nat = chain.type == nft::ChainType::nat;
    nftnl_chain_set_str(encoded.get(), NFTNL_CHAIN_TYPE, is_nat ? "nat" : "filter");
    nftnl_chain_set_u32(encoded.get(), NFTNL_CHAIN_HOOKNUM, hook_number(*chain.hook));
    nftnl_chain_set_s32(encoded.get(), NFTNL_CHAIN_PRIO, priority(chain.type));
    if (!chain.device.empty())
      nftnl_chain_set_str(encoded.get(), NFTNL_CHAIN_DEV, chain.device.c_str());
    nftnl_chain_set_u32(encoded.get(), NFTNL_CHAIN_POLICY,
                        static_cast<std::uint32_t>(chain.policy));
  }
  return encoded;
}

// table inet egressd { flags owner, persist; }
void add_table(Batch& batch, const std::string& table, Ownership ownership) {
  table_message(batch, NFT_MSG_NEWTABLE, table, ownership == Ownership::owned ? kOwnedFlags : 0);
}

void delete_table(Batch& batch, const std::string& table) {
  table_message(batch, NFT_MSG_DELTABLE, table);
}

void destroy_table(Batch& batch, const std::string& table) {
  table_message(batch, kDestroyTable, table);
}

// flush table inet egressd
void delete_rules(Batch& batch, const std::string& table) {
  batch.add(NFT_MSG_DELRULE, 0, {"rules of table " + table, {}},
            [&](nlmsghdr* message) { mnl_attr_put_strz(message, NFTA_RULE_TABLE, table.c_str()); });
}

void delete_parts(Batch& batch, const std::string& table, const Parts& parts) {
  for (const std::string& chain : parts.chains)
    delete_part(batch, table, {NFT_MSG_DELCHAIN, "chain", NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
                chain);
  for (const std::string& set : parts.sets)
    delete_part(batch, table, {NFT_MSG_DELSET, "set", NFTA_SET_TABLE, NFTA_SET_NAME}, set);
  for (const std::string& counter : parts.counters)
    delete_part(batch, table, {NFT_MSG_DELOBJ, "counter", NFTA_OBJ_TABLE, NFTA_OBJ_NAME}, counter);
}

// flush set inet egressd allow4
void flush_set(Batch& batch, const std::string& table, const std::string& set) {
  batch.add(NFT_MSG_DELSETELEM, 0, {"set " + set, {}}, [&](nlmsghdr* message) {
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set.c_str());
  });
}

void add_set(Batch& batch, const std::string& table, const nft::SetDefinition& definition) {
  const SetPtr set = encode_set(table, definition);
  batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, {"set " + definition.name, {}},
            [&](nlmsghdr* message) { nftnl_set_nlmsg_build_payload(message, set.get()); });
}

void add_layout(Batch& batch, const std::string& table, const nft::Layout& layout,
                const Parts& standing) {
  const auto is_new = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) == names.end();
  };
  for (const std::string& counter : layout.counters)
    if (is_new(standing.counters, counter)) add_counter(batch, table, counter);
  for (const nft::SetDefinition& set : layout.sets)
    if (is_new(standing.sets, set.name)) add_set(batch, table, set);
  std::uint32_t next_set_id = 1;
  for (const nft::Chain& chain : layout.chains) {
    if (is_new(standing.chains, chain.name)) add_chain(batch, table, chain);
    for (const nft::Rule& rule : chain.rules) {
      add_rule(batch, {layout.family, table, chain.name, &next_set_id}, rule);
    }
  }
}

}  // namespace egress::netlink
