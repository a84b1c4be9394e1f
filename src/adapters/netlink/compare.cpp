#include "adapters/netlink/compare.hpp"

#include <algorithm>
#include <map>

#include "egress/core/text.hpp"

namespace egress::netlink {
namespace {

using Lines = std::vector<std::string>;
using Traits = std::map<std::string, std::string>;  // by name, for one kind of object

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kNoBase = "not a base chain";

std::string chain_traits(const nftnl_chain* chain) {
  if (!nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM)) return std::string(kNoBase);
  const auto number = [&](std::uint16_t attribute) {
    return std::to_string(nftnl_chain_get_u32(chain, attribute));
  };
  const bool drops = nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == 0;
  const char* device = nftnl_chain_get_str(chain, NFTNL_CHAIN_DEV);
  return std::string("type ") + nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE) + " hook " +
         number(NFTNL_CHAIN_HOOKNUM) + (device != nullptr ? std::string(" device ") + device : "") +
         " priority " + std::to_string(nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO)) + " policy " +
         (drops ? "drop" : "accept");
}

std::string set_traits(const nftnl_set* set) {
  const auto number = [&](const char* name, std::uint16_t attribute) {
    return std::string(name) + " " + std::to_string(nftnl_set_get_u32(set, attribute));
  };
  std::string traits = number("type", NFTNL_SET_KEY_TYPE) + number(", length", NFTNL_SET_KEY_LEN) +
                       number(", flags", NFTNL_SET_FLAGS) + number(", size", NFTNL_SET_DESC_SIZE) +
                       ", timeout " + std::to_string(nftnl_set_get_u64(set, NFTNL_SET_TIMEOUT)) +
                       " ms";
  nftnl_set_expr_foreach(
      set,
      [](nftnl_expr* expression, void* context) {
        *static_cast<std::string*>(context) +=
            std::string(", ") + nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
        return 0;
      },
      &traits);
  return traits;
}

// Bytecode is longer than what quoted() shows of one text.
std::string escaped(const std::string& text) {
  constexpr std::size_t kPart = 64;
  std::string result;
  for (std::size_t at = 0; at < text.size(); at += kPart) {
    const std::string part = quoted(text.substr(at, kPart));
    result += part.substr(1, part.size() - 2);
  }
  return result;
}

// What a kind of objects is, and what it should be.
struct Sides {
  Traits live;
  Traits expected;
};

Sides chains_of(const LiveTable& live, const nft::Layout& layout) {
  Sides sides;
  for (const ChainPtr& chain : live.chains) {
    sides.live.emplace(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME),
                       chain_traits(chain.get()));
  }
  for (const nft::Chain& chain : layout.chains) {
    const ChainPtr encoded = encode_chain(std::string(nft::kTableName), chain);
    sides.expected.emplace(chain.name, chain_traits(encoded.get()));
  }
  return sides;
}

Sides sets_of(const LiveTable& live, const nft::Layout& layout) {
  Sides sides;
  for (const SetPtr& set : live.sets) {
    const bool is_anonymous = (nftnl_set_get_u32(set.get(), NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS);
    if (is_anonymous) continue;  // compared within their rules
    sides.live.emplace(nftnl_set_get_str(set.get(), NFTNL_SET_NAME), set_traits(set.get()));
  }
  for (const nft::SetDefinition& definition : layout.sets) {
    const SetPtr encoded = encode_set(std::string(nft::kTableName), definition);
    sides.expected.emplace(definition.name, set_traits(encoded.get()));
  }
  return sides;
}

Sides counters_of(const LiveTable& live, const nft::Layout& layout) {
  Sides sides;
  for (const ObjectPtr& object : live.objects) {
    const bool is_counter = nftnl_obj_get_u32(object.get(), NFTNL_OBJ_TYPE) == NFT_OBJECT_COUNTER;
    sides.live.emplace(nftnl_obj_get_str(object.get(), NFTNL_OBJ_NAME),
                       is_counter ? kCounter : "not a counter");
  }
  for (const std::string& counter : layout.counters) sides.expected.emplace(counter, kCounter);
  return sides;
}

void divide(const Sides& sides, std::vector<std::string>& kept, std::vector<std::string>& surplus) {
  for (const auto& [name, traits] : sides.live) {
    const auto wanted = sides.expected.find(name);
    const bool is_kept = wanted != sides.expected.end() && wanted->second == traits;
    (is_kept ? kept : surplus).push_back(name);
  }
}

void compare_traits(const std::string& kind, const Sides& sides, Lines& lines) {
  for (const auto& [name, traits] : sides.expected) {
    const auto found = sides.live.find(name);
    if (found == sides.live.end()) {
      lines.push_back(kind + " " + name + " is missing");
    } else if (found->second != traits) {
      lines.push_back(kind + " " + name + " is " + escaped(found->second) + " instead of " +
                      traits);
    }
  }
  for (const auto& [name, traits] : sides.live) {
    if (!sides.expected.contains(name)) lines.push_back(kind + " " + quoted(name) + " is not ours");
  }
}

struct ExpectedRule {
  std::string bytecode;
  std::string text;
};

std::vector<ExpectedRule> expected_rules(nft::TableFamily family, const nft::Chain& chain) {
  std::uint32_t next_set_id = 1;
  const RulePlace place{family, std::string(nft::kTableName), chain.name, &next_set_id};
  std::vector<ExpectedRule> rules;
  for (const nft::Rule& rule : chain.rules) {
    const EncodedRule encoded = encode_rule(place, rule);
    rules.push_back({bytecode(encoded.rule.get(), contents_of(encoded.sets)), nft::print(rule)});
  }
  return rules;
}

void compare_rules(const std::vector<ExpectedRule>& expected, const std::string& chain,
                   std::vector<std::string> live, Lines& lines) {
  const std::string where = "chain " + chain;
  const auto same = [](const ExpectedRule& rule, const std::string& text) {
    return rule.bytecode == text;
  };
  if (std::equal(expected.begin(), expected.end(), live.begin(), live.end(), same)) return;
  const std::size_t before = lines.size();
  for (const ExpectedRule& rule : expected) {
    const auto found = std::find(live.begin(), live.end(), rule.bytecode);
    if (found == live.end()) {
      lines.push_back(where + " lacks the rule: " + rule.text);
    } else {
      live.erase(found);
    }
  }
  for (const std::string& text : live) {
    lines.push_back(where + " has a rule that is not ours: " + escaped(text));
  }
  if (lines.size() == before) lines.push_back(where + " has its rules in another order");
}

void compare_holder(const Holder& live, const Holder& expected, Lines& lines) {
  if (live == expected) return;
  if ((live.flags & NFT_TABLE_F_DORMANT) != 0)
    lines.push_back("the table is dormant, which switches it off");
  else if (expected.port != 0 && live.port == 0)
    lines.push_back("the table is nobody's own: other programs can change it");
  else if (live.port != expected.port)
    lines.push_back("the table belongs to another program (netlink port " +
                    std::to_string(live.port) + ")");
  else
    lines.push_back("the table has flags " + std::to_string(live.flags) + " instead of " +
                    std::to_string(expected.flags));
}

}  // namespace

std::optional<Division> divide(const LiveTable& live, const nft::Layout& expected) {
  if (live.flowtables != 0) return std::nullopt;
  const Sides counters = counters_of(live, expected);
  if (std::ranges::any_of(counters.live, [](const auto& one) { return one.second != kCounter; }))
    return std::nullopt;
  Sides chains = chains_of(live, expected);
  std::erase_if(chains.expected, [](const auto& one) { return one.second == kNoBase; });
  Division division;
  divide(counters, division.kept.counters, division.surplus.counters);
  divide(sets_of(live, expected), division.kept.sets, division.surplus.sets);
  divide(chains, division.kept.chains, division.surplus.chains);
  return division;
}

std::vector<std::string> deviations(const LiveTable& live, const AnonymousContents& contents,
                                    const nft::Layout& expected, const Holder& holder) {
  if (!live.is_present) {
    const bool is_inet = expected.family == nft::TableFamily::inet;
    return {std::string(is_inet ? "table inet " : "table netdev ") + std::string(nft::kTableName) +
            " is missing"};
  }
  Lines lines;
  compare_holder(live.holder, holder, lines);
  if (live.flowtables != 0) lines.push_back("the table has flowtables, which are not ours");
  compare_traits("counter", counters_of(live, expected), lines);
  compare_traits("set", sets_of(live, expected), lines);
  compare_traits("chain", chains_of(live, expected), lines);
  std::map<std::string, std::vector<std::string>> rules;
  for (const RulePtr& rule : live.rules) {
    rules[nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN)].push_back(
        bytecode(rule.get(), contents));
  }
  for (const nft::Chain& chain : expected.chains)
    compare_rules(expected_rules(expected.family, chain), chain.name, rules[chain.name], lines);
  return lines;
}

}  // namespace egress::netlink
