#include "egress/nft/others.hpp"

#include <algorithm>

#include "egress/core/nearest.hpp"

namespace egress::nft {
namespace {

constexpr std::int32_t kOurPriority = 0;  // of the chains output and forward: `priority filter`

// Where what we have let through still passes: behind our own hook, or at a device. Of chains at
// the same priority the one that was made later comes later.
bool is_behind_us(const OtherTable& table, const BaseChain& chain) {
  if (table.family == "netdev") return chain.hook == "egress";
  if (table.family != "inet" && table.family != "ip" && table.family != "ip6") return false;
  const bool shares_hook = chain.hook == "output" || chain.hook == "forward";
  return chain.hook == "postrouting" || (shares_hook && chain.priority >= kOurPriority);
}

// What an act may do to a packet that we have judged already; empty: nothing.
std::string danger(Act act, const OtherTable& table) {
  const bool is_behind = std::ranges::any_of(
      table.chains, [&](const BaseChain& chain) { return is_behind_us(table, chain); });
  switch (act) {
    case Act::rewrites:
      return is_behind ? "rewrites packets: what egressd has let through may go elsewhere" : "";
    case Act::queues:
      return is_behind
                 ? "hands packets to a program, which may rewrite what egressd has let through"
                 : "";
    case Act::duplicates:  // of IP packets the copy is judged like any other
      return table.family == "netdev" ? "sends copies by a device, past egressd" : "";
    case Act::forwards:
      return "hands frames to a device, past egressd";
    case Act::offloads:
      return "offloads connections: one that egressd cuts may go on";
    case Act::translates:
      // The kernel translates destinations at one place, before our hook, whatever the priority of
      // the chain that says so (nf_nat_ipv4_ops, NF_IP_PRI_NAT_DST); behind us only sources.
      return "";
  }
  return "";
}

std::string why_harmless(const OtherTable& table) {
  if (table.chains.empty()) return "no packet comes to it";
  std::string why = "an accept there does not overrule egressd's drop";
  if (std::ranges::any_of(table.chains, &BaseChain::drops))
    why += "; it may refuse what is allowed";
  if (table.acts.contains(Act::translates)) why += "; what it translates is judged by its new end";
  return why;
}

}  // namespace

Reach reach(const OtherTable& table) {
  std::vector<std::string> dangers;
  for (const Act act : table.acts) {
    if (std::string found = danger(act, table); !found.empty()) dangers.push_back(std::move(found));
  }
  if (dangers.empty()) return {false, why_harmless(table)};
  return {true, joined(dangers)};
}

std::string title(const OtherTable& table) {
  return table.family + " " + table.name;
}

std::string hooks_text(const OtherTable& table) {
  std::vector<std::string> texts;
  for (const BaseChain& chain : table.chains)
    texts.push_back(chain.type + " " + chain.hook +
                    (chain.device.empty() ? "" : " " + chain.device) + " " +
                    std::to_string(chain.priority));
  return texts.empty() ? "no hook" : joined(texts);
}

}  // namespace egress::nft
