#include "egress/nft/unheard.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "egress/core/limits.hpp"
#include "egress/nft/layout.hpp"

namespace egress::nft {
namespace {

// Root pastes these commands. Links, tables and chains may have almost any name, and no name may
// run anything.
bool is_plain(std::string_view name) {
  return !name.empty() && !name.starts_with('-') && std::ranges::all_of(name, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '.' || c == '@' || c == '-');
  });
}

// Behind the redirect, up to the guard.
bool is_on_the_way(const BaseChain& chain) {
  if (chain.type != "filter") return false;
  return chain.hook == "input" || (chain.hook == "prerouting" && chain.priority > kDstnat);
}

// firewalld lets in what was redirected.
bool may_drop(const OtherTable& table, const BaseChain& chain) {
  const bool sees_packets = table.family == "ip" || table.family == "ip6" || table.family == "inet";
  return sees_packets && table.name != "firewalld" && is_on_the_way(chain) &&
         (chain.drops || table.refuses);
}

std::string iptables(const std::string& program, const std::string& table, const std::string& chain,
                     const std::string& link, Port port) {
  std::string commands;
  for (const char* protocol : {"udp", "tcp"}) {
    commands += (commands.empty() ? "" : " && ") + program;
    if (table != "filter") commands += " -t " + table;
    commands += " -I " + chain + " -i " + link + " -p " + protocol + " --dport " +
                std::to_string(port) + " -j ACCEPT";
  }
  return commands;
}

// As iptables-nft(8) names them.
bool is_of_iptables(const OtherTable& table, const BaseChain& chain) {
  const bool has_name = table.name == "filter" || table.name == "mangle" || table.name == "raw";
  return has_name && table.family != "inet" &&
         (chain.name == "INPUT" || chain.name == "PREROUTING");
}

Obstacle obstacle(const OtherTable& table, const BaseChain& chain, const std::string& link,
                  Port port) {
  if (table.is_ufw)
    return {"ufw", "ufw allow in on " + link + " to any port " + std::to_string(port)};
  const std::string by = "table " + title(table);
  if (!is_plain(table.name) || !is_plain(chain.name)) return {by, ""};
  if (is_of_iptables(table, chain))
    return {by, iptables(table.family == "ip" ? "iptables" : "ip6tables", table.name, chain.name,
                         link, port)};
  return {by, "nft 'insert rule " + title(table) + " " + chain.name + " iifname \"" + link +
                  "\" meta l4proto { tcp, udp } th dport " + std::to_string(port) + " accept'"};
}

}  // namespace

std::vector<std::string> unheard_links(const std::vector<LinkNoted>& asked,
                                       const std::vector<LinkNoted>& heard) {
  std::vector<std::string> unheard;
  for (const auto& [link, ends] : asked) {
    const auto last = std::ranges::find(heard, link, &LinkNoted::link);
    if (last == heard.end() || last->ends + limits::kUnheardAfter < ends) unheard.push_back(link);
  }
  return unheard;
}

std::vector<Obstacle> obstacles(const std::vector<OtherTable>& tables, const std::string& link,
                                Port port) {
  std::vector<Obstacle> all;
  for (const OtherTable& table : tables) {
    for (const BaseChain& chain : table.chains) {
      if (!may_drop(table, chain)) continue;
      Obstacle found = obstacle(table, chain, link, port);
      if (!is_plain(link)) found.command.clear();
      if (std::ranges::find(all, found) == all.end()) all.push_back(std::move(found));
    }
  }
  if (all.empty())
    all.push_back(
        {"no table of nftables, so by iptables-legacy, or since " + link +
             " has no address of their family",
         is_plain(link) ? iptables("iptables-legacy", "filter", "INPUT", link, port) : ""});
  return all;
}

}  // namespace egress::nft
