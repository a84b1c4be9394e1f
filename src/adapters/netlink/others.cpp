#include "adapters/netlink/others.hpp"

#include <netinet/in.h>
// after the C library's own
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "adapters/netlink/dump.hpp"
#include "adapters/netlink/objects.hpp"
#include "adapters/system_error.hpp"
#include "egress/nft/ruleset.hpp"

namespace egress::netlink {
namespace {

using nft::Act;
using nft::OtherTable;

using Key = std::pair<std::string, std::string>;  // family, name
using Tables = std::map<Key, OtherTable>;

std::string family_text(std::uint32_t family) {
  constexpr std::array<std::pair<std::uint32_t, const char*>, 6> kNames{
      {{NFPROTO_INET, "inet"},
       {NFPROTO_IPV4, "ip"},
       {NFPROTO_IPV6, "ip6"},
       {NFPROTO_ARP, "arp"},
       {NFPROTO_BRIDGE, "bridge"},
       {NFPROTO_NETDEV, "netdev"}}};
  const auto* const found = std::ranges::find(kNames, family, &decltype(kNames)::value_type::first);
  return found == kNames.end() ? "family " + std::to_string(family) : found->second;
}

std::string hook_text(std::uint32_t family, std::uint32_t hook) {
  constexpr std::array kPacket{"prerouting", "input", "forward", "output", "postrouting"};
  constexpr std::array kArp{"input", "output", "forward"};
  constexpr std::array kFrame{"ingress", "egress"};
  const auto pick = [&](const auto& names) {
    return hook < names.size() ? std::string(names[hook]) : "hook " + std::to_string(hook);
  };
  if (family == NFPROTO_NETDEV) return pick(kFrame);
  if (family == NFPROTO_INET && hook == 5) return "ingress";  // NF_INET_INGRESS
  return family == NFPROTO_ARP ? pick(kArp) : pick(kPacket);
}

// Expressions that do more than match, count or judge; those of iptables are one, with a name.
constexpr std::array<std::pair<std::string_view, Act>, 11> kActs{{{"dup", Act::duplicates},
                                                                  {"TEE", Act::duplicates},
                                                                  {"fwd", Act::forwards},
                                                                  {"flow_offload", Act::offloads},
                                                                  {"queue", Act::queues},
                                                                  {"NFQUEUE", Act::queues},
                                                                  {"nat", Act::translates},
                                                                  {"masq", Act::translates},
                                                                  {"redir", Act::translates},
                                                                  {"DNAT", Act::translates},
                                                                  {"tproxy", Act::translates}}};

// Whether a payload expression writes where a packet goes. Of the headers' other fields, such as
// DSCP and TTL, any may change.
bool writes_destination(const nftnl_expr* expression) {
  if (!nftnl_expr_is_set(expression, NFTNL_EXPR_PAYLOAD_SREG)) return false;
  const std::uint32_t first = nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET);
  const std::uint32_t end = first + nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_LEN);
  const auto touches = [&](std::uint32_t from, std::uint32_t to) {
    return first < to && from < end;
  };
  switch (nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_BASE)) {
    case NFT_PAYLOAD_NETWORK_HEADER:
      return touches(16, 40);  // IPv4 from 16 to 20, IPv6 from 24 to 40
    case NFT_PAYLOAD_TRANSPORT_HEADER:
      return touches(2, 4);
    default:
      return true;
  }
}

void note(nftnl_expr* expression, std::set<Act>& acts) {
  std::string name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
  if (name == "target") name = nftnl_expr_get_str(expression, NFTNL_EXPR_TG_NAME);
  if (name == "payload" && writes_destination(expression)) acts.insert(Act::rewrites);
  const auto* const act = std::ranges::find(kActs, name, &decltype(kActs)::value_type::first);
  if (act != kActs.end()) acts.insert(act->second);
}

bool refuses(const nftnl_expr* expression) {
  const std::string_view name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
  if (name == "reject") return true;
  if (name == "target")
    return std::string_view(nftnl_expr_get_str(expression, NFTNL_EXPR_TG_NAME)) == "REJECT";
  return name == "immediate" && nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_VERDICT) &&
         nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_VERDICT) == NF_DROP;
}

int dump(Socket& socket, std::uint16_t type, const std::function<void(const nlmsghdr&)>& take) {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  return socket.ask(*nftnl_nlmsg_build_hdr(buffer.data(), type, NFPROTO_UNSPEC, NLM_F_DUMP, 0),
                    take);
}

OtherTable* table_of(Tables& tables, std::uint32_t family, const char* name) {
  const auto found = tables.find({family_text(family), name == nullptr ? "" : name});
  return found == tables.end() ? nullptr : &found->second;
}

int read_tables(Socket& socket, Tables& tables) {
  return dump(socket, NFT_MSG_GETTABLE, [&](const nlmsghdr& answer) {
    const TablePtr table(nftnl_table_alloc());
    if (nftnl_table_nlmsg_parse(&answer, table.get()) < 0) return;
    const std::string name = nftnl_table_get_str(table.get(), NFTNL_TABLE_NAME);
    const std::string family = family_text(nftnl_table_get_u32(table.get(), NFTNL_TABLE_FAMILY));
    const bool is_ours = name == nft::kTableName && (family == "inet" || family == "netdev");
    if (is_ours) return;
    tables[{family, name}] = {.family = family, .name = name, .chains = {}, .acts = {}};
  });
}

int read_chains(Socket& socket, Tables& tables) {
  return dump(socket, NFT_MSG_GETCHAIN, [&](const nlmsghdr& answer) {
    const ChainPtr chain(nftnl_chain_alloc());
    if (nftnl_chain_nlmsg_parse(&answer, chain.get()) < 0) return;
    const std::uint32_t family = nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_FAMILY);
    OtherTable* table =
        table_of(tables, family, nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TABLE));
    if (table == nullptr) return;
    const std::string_view name = nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME);
    if (name.starts_with("ufw-") || name.starts_with("ufw6-")) table->is_ufw = true;
    if (!nftnl_chain_is_set(chain.get(), NFTNL_CHAIN_HOOKNUM)) return;
    const char* device = nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_DEV);
    table->chains.push_back(
        {.name = nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME),
         .type = nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TYPE),
         .hook = hook_text(family, nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_HOOKNUM)),
         .device = device == nullptr ? "" : device,
         .priority = nftnl_chain_get_s32(chain.get(), NFTNL_CHAIN_PRIO),
         .drops = nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_POLICY) == NF_DROP});
  });
}

int read_rules(Socket& socket, Tables& tables) {
  return dump(socket, NFT_MSG_GETRULE, [&](const nlmsghdr& answer) {
    const RulePtr rule(nftnl_rule_alloc());
    if (nftnl_rule_nlmsg_parse(&answer, rule.get()) < 0) return;
    OtherTable* table = table_of(tables, nftnl_rule_get_u32(rule.get(), NFTNL_RULE_FAMILY),
                                 nftnl_rule_get_str(rule.get(), NFTNL_RULE_TABLE));
    if (table == nullptr) return;
    ++table->rules;
    nftnl_expr_foreach(
        rule.get(),
        [](nftnl_expr* expression, void* context) {
          OtherTable& of = *static_cast<OtherTable*>(context);
          note(expression, of.acts);
          of.refuses = of.refuses || refuses(expression);
          return 0;
        },
        table);
  });
}

}  // namespace

// Our own changes interrupt a listing, too, and leave theirs alone: what was read twice alike is as
// true as what was read without an interruption.
Result<std::vector<OtherTable>> other_tables(Socket& socket) {
  Tables tables;
  std::optional<Tables> before;
  const int error = read_steadily(socket, [&](bool& is_sure) {
    tables.clear();
    int failed = read_tables(socket, tables);
    if (failed == 0) failed = read_chains(socket, tables);
    if (failed == 0) failed = read_rules(socket, tables);
    if (failed != 0) return failed;
    is_sure = before == tables;
    before = tables;
    return 0;
  });
  if (error != 0) return fail_errno("listing the tables", error);
  std::vector<OtherTable> all;
  for (auto& [key, table] : tables) all.push_back(std::move(table));
  return all;
}

}  // namespace egress::netlink
