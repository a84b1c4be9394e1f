// From nft values to nf_tables messages. Each encoder names the nft text it means.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "adapters/netlink/batch.hpp"
#include "adapters/netlink/objects.hpp"
#include "egress/nft/layout.hpp"
#include "egress/nft/transaction.hpp"

namespace egress::netlink {

// The key types are the nft tool's own numbers (its data types), so that `nft list` prints the keys
// well.
enum class KeyType : std::uint32_t {
  ipv4_addr = 7,
  ipv6_addr = 8,
  inet_proto = 12,
  inet_service = 13,
  icmp_type = 14,
  iface_index = 20,
  uid = 24,
  icmpv6_type = 29,
  ifname = 41,
};

// `{ tcp, udp }`: a set without a name, which belongs to one rule. It holds at least one key, and
// its keys are of one length.
using Octets = std::vector<std::uint8_t>;
struct AnonymousSet {
  std::uint32_t id = 0;  // unique within a batch
  KeyType key_type{};
  std::vector<Octets> values;
};

struct EncodedRule {
  RulePtr rule;
  std::vector<AnonymousSet> sets;  // must be created before the rule
};

// NFPROTO_INET, NFPROTO_NETDEV
std::uint8_t protocol_family(nft::TableFamily family);

// Where a rule goes. `next_set_id` numbers the anonymous sets of a batch.
struct RulePlace {
  nft::TableFamily family = nft::TableFamily::inet;
  std::string table;
  std::string chain;
  std::uint32_t* next_set_id = nullptr;
};
EncodedRule encode_rule(const RulePlace& place, const nft::Rule& rule);

SetPtr encode_set(const std::string& table, const nft::SetDefinition& definition);
SetPtr encode_set(const std::string& table, const AnonymousSet& anonymous);
ChainPtr encode_chain(const std::string& table, const nft::Chain& chain);

// Messages of a batch, in the order in which they must be called.
// A table that is owned can be changed by this socket alone, and outlives it without an owner.
enum class Ownership { shared, owned };
void add_table(Batch& batch, const std::string& table, Ownership ownership = Ownership::shared);
void delete_table(Batch& batch, const std::string& table);   // it must be there
void destroy_table(Batch& batch, const std::string& table);  // it may be absent (Linux >= 6.3)
void add_set(Batch& batch, const std::string& table, const nft::SetDefinition& definition);
// What is in a table beside rules, by name.
struct Parts {
  std::vector<std::string> counters{};
  std::vector<std::string> sets{};
  std::vector<std::string> chains{};
};
// Counters, sets, chains and rules of a layout, into a table that exists, has `standing` of them
// and no rule.
void add_layout(Batch& batch, const std::string& table, const nft::Layout& layout,
                const Parts& standing = {});
void delete_rules(Batch& batch, const std::string& table);  // of all chains
// In a table without rules.
void delete_parts(Batch& batch, const std::string& table, const Parts& parts);
void flush_set(Batch& batch, const std::string& table, const std::string& set);
// One element, as the list of a message of its own.
void put_element_of(nlmsghdr* message, const std::string& table, const std::string& set,
                    const nft::ElementKey& key);
// Elements, many to a message. `commands` must outlive the batch.
void add_elements(Batch& batch, const std::string& table, std::span<const nft::Command> commands);

}  // namespace egress::netlink
