#include "adapters/resolvconf/routing_domains.hpp"

#include <algorithm>
#include <map>

#include "egress/core/limits.hpp"

namespace egress::resolvconf {
namespace {

using Servers = std::vector<policy::ResolverAddress>;

void add(const Servers& more, Servers& servers) {
  for (const policy::ResolverAddress& server : more)
    if (std::ranges::find(servers, server) == servers.end()) servers.push_back(server);
}

bool is_root(const std::string& domain) {
  return domain.empty() || domain == ".";
}

bool is_everybodys(const LinkResolvers& link) {
  return std::ranges::any_of(link.domains, is_root);
}

// The guard serves no names of addresses.
bool is_of_addresses(const DnsName& zone) {
  static const DnsName kArpa = *DnsName::parse("arpa");
  return zone.is_within(kArpa);
}

std::map<DnsName, Servers> zones_of(const std::vector<LinkResolvers>& links) {
  std::map<DnsName, Servers> zones;
  for (const LinkResolvers& link : links) {
    if (link.servers.empty()) continue;
    for (const std::string& domain : link.domains)
      if (const auto zone = DnsName::parse(domain); zone && !is_of_addresses(*zone))
        add(link.servers, zones[*zone]);
  }
  return zones;
}

Servers default_servers(const std::vector<LinkResolvers>& links) {
  const bool is_claimed = std::ranges::any_of(
      links, [](const auto& link) { return is_everybodys(link) && !link.servers.empty(); });
  Servers servers;
  for (const LinkResolvers& link : links)
    if (is_claimed ? is_everybodys(link) : link.is_default_route) add(link.servers, servers);
  return servers;
}

bool says_something(const LinkResolvers& link) {
  return !link.servers.empty() && (!link.domains.empty() || !link.is_default_route);
}

void note_problem(SystemResolvers& found, const std::string& problem) {
  if (found.problem.empty()) found.problem = problem;
}

void cut(Servers& servers, SystemResolvers& found) {
  if (servers.size() <= limits::kResolvers) return;
  servers.resize(limits::kResolvers);
  note_problem(found, "systemd-resolved has more than " + std::to_string(limits::kResolvers) +
                          " servers for the same names; the others are not used");
}

}  // namespace

SystemResolvers split(SystemResolvers upstreams, const std::vector<LinkResolvers>& links) {
  if (std::ranges::none_of(links, says_something)) return upstreams;
  SystemResolvers found = std::move(upstreams);
  found.resolvers = default_servers(links);
  cut(found.resolvers, found);
  if (found.resolvers.empty())
    note_problem(found,
                 "no server of systemd-resolved is for all names, only for those of domains");
  for (auto& [zone, servers] : zones_of(links)) {
    cut(servers, found);
    if (found.zones.size() == limits::kResolverZones) {
      note_problem(found, "systemd-resolved has more than " +
                              std::to_string(limits::kResolverZones) +
                              " domains; the others are not used");
      break;
    }
    found.zones.push_back({zone, std::move(servers)});
  }
  return found;
}

}  // namespace egress::resolvconf
