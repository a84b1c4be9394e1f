#include <string>

#include "egress/core/time_text.hpp"
#include "egress/policy/policy.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

template <class Items, class Text>
std::string joined(const Items& items, Text text) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + text(item);
  return out.empty() ? "none" : out;
}

std::string resolver_list(const std::vector<ResolverAddress>& resolvers) {
  return joined(resolvers, [](const ResolverAddress& resolver) { return resolver.text(); });
}

std::string resolvers_text(const Policy& policy) {
  std::string out = policy.resolvers ? resolver_list(*policy.resolvers) : "those of the system";
  for (const ZoneResolvers& zone : policy.zones)
    out += "; " + zone.zone.text() + ": " + resolver_list(zone.resolvers);
  return out;
}

std::string forward_text(const Policy& policy) {
  const auto as_is = [](const std::string& name) { return name; };
  if (!policy.released) return joined(policy.forward, as_is);
  return policy.released->empty() ? "all" : "all but " + joined(*policy.released, as_is);
}

std::string time_servers_text(const Policy& policy) {
  std::vector<std::string> servers;
  for (const AllowEntry& entry : policy.entries)
    if (entry.origin.kind == Origin::Kind::service && entry.asks_time())
      servers.push_back(text(entry.destination));
  return joined(servers, [](const std::string& server) { return server; });
}

std::string options_text(const AllowEntry& entry) {
  std::string out = entry.is_optional ? "optional" : "required";
  if (entry.allows_private) out += ", private";
  if (entry.allows_metadata) out += ", metadata";
  if (entry.is_wide) out += ", wide";
  if (entry.service_domain) out += ", srv";
  for (const DnsName& name : entry.except()) out += ", except " + name.text();
  if (entry.until) out += ", until " + print_wall_time(*entry.until);
  if (!entry.reason.empty()) out += ", reason: " + entry.reason;
  return out;
}

struct Setting {
  const char* name;
  std::string (*text)(const Policy& policy);
};
constexpr Setting kSettings[] = {
    {"mode",
     [](const Policy& p) { return std::string(p.mode == Mode::audit ? "audit" : "enforce"); }},
    {"resolvers", resolvers_text},
    {"dns",
     [](const Policy& p) { return std::string(p.dns.mode == DnsMode::poll ? "poll" : "guard"); }},
    {"dns.refuse_with",
     [](const Policy& p) {
       return std::string(p.dns.refuse_with == RefuseWith::refused ? "refused" : "nxdomain");
     }},
    {"dns.refresh",
     [](const Policy& p) {
       return std::string(p.dns.refresh == Refresh::own_clock ? "own-clock" : "on-demand");
     }},
    {"dns.wildcard_rate",
     [](const Policy& p) { return p.dns.wildcard_rate ? p.dns.wildcard_rate->text() : "none"; }},
    {"services.ntp", time_servers_text},
    {"services.dhcp",
     [](const Policy& p) { return std::string(p.allows_dhcp ? "true" : "false"); }},
    {"services.guests",
     [](const Policy& p) { return std::string(p.serves_guests ? "true" : "false"); }},
    {"services.metadata",
     [](const Policy& p) { return std::string(p.metadata_at_boot ? "boot" : "none"); }},
    {"limits.min_ttl", [](const Policy& p) { return print_duration(p.limits.min_ttl); }},
    {"limits.max_ttl", [](const Policy& p) { return print_duration(p.limits.max_ttl); }},
    {"limits.grace", [](const Policy& p) { return print_duration(p.limits.grace); }},
    {"limits.stale", [](const Policy& p) { return print_duration(p.limits.stale); }},
    {"inbound",
     [](const Policy& p) {
       const auto as_is = [](const std::string& port) { return port; };
       return p.inbound ? joined(p.inbound->texts(), as_is) : "any";
     }},
    {"forward", forward_text},
};

}  // namespace

std::vector<SettingChange> changed_settings(const Policy& before, const Policy& after) {
  std::vector<SettingChange> changes;
  const auto note = [&](std::string name, std::string was, std::string is) {
    if (was != is) changes.push_back({std::move(name), std::move(was), std::move(is)});
  };
  for (const Setting& setting : kSettings)
    note(setting.name, setting.text(before), setting.text(after));
  for (const AllowEntry& entry : after.entries)
    if (const AllowEntry* old = before.entries.find(entry.target()))
      note(entry.target(), options_text(*old), options_text(entry));
  return changes;
}

}  // namespace egress::policy
