#include "egress/core/time_text.hpp"
#include "policy/target_parts.hpp"
#include "policy/yaml_text.hpp"

namespace egress::policy {
namespace {

// [a, b] of things that `text` turns into scalars.
template <class Items, class Text>
std::string flow_list(const Items& items, Text text) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + yaml_quoted(text(item));
  return '[' + out + ']';
}

bool is_time_server(const AllowEntry& entry) {
  return entry.origin.kind == Origin::Kind::service && entry.asks_time() && entry.ports.is_single();
}

std::vector<Destination> time_servers(const Policy& policy) {
  std::vector<Destination> servers;
  for (const auto& entry : policy.entries) {
    if (is_time_server(entry)) servers.push_back(entry.destination);
  }
  return servers;
}

// Without brackets, as `host` and `services.ntp` take it.
std::string host_text(const Destination& destination) {
  const auto* prefix = std::get_if<Prefix>(&destination);
  return prefix != nullptr ? prefix->text() : text(destination);
}

std::string options_text(const AllowEntry& entry) {
  std::string out;
  if (entry.is_optional) out += ", optional: true";
  if (entry.allows_private) out += ", private: true";
  if (entry.allows_metadata) out += ", metadata: true";
  if (entry.is_wide) out += ", wide: true";
  if (entry.service_domain) out += ", srv: true";
  if (!entry.except().empty()) out += ", except: " + yaml_list(texts(entry.except()));
  if (entry.until) out += ", until: " + print_wall_time(*entry.until);
  if (!entry.reason.empty()) out += ", reason: " + yaml_quoted(entry.reason);
  return out;
}

// Where the entry comes from and its risk are remarks: they cannot be written in a policy file.
std::string remark(const AllowEntry& entry) {
  std::string out = entry.origin.text();
  if (entry.risk) out += "; risk: " + entry.risk->text();
  return out.empty() ? "" : "  # " + yaml_comment(out);
}

std::string dns_text(const DnsSettings& dns) {
  if (dns.mode == DnsMode::poll) return "dns: poll\n";
  const std::string rate = dns.wildcard_rate ? ", wildcard_rate: " + dns.wildcard_rate->text() : "";
  const std::string refresh = dns.refresh == Refresh::own_clock ? ", refresh: own-clock" : "";
  return std::string("dns: { mode: guard, refuse_with: ") +
         (dns.refuse_with == RefuseWith::refused ? "refused" : "nxdomain") + refresh + rate +
         " }\n";
}

// A list where there is no zone.
std::string resolvers_text(const Policy& policy) {
  const auto list = [](const std::vector<ResolverAddress>& resolvers) {
    return flow_list(resolvers, [](const ResolverAddress& r) { return r.text(); });
  };
  if (policy.zones.empty())
    return policy.resolvers ? "resolvers: " + list(*policy.resolvers) + '\n' : "";
  std::string out = "resolvers: { default: ";
  out += policy.resolvers ? list(*policy.resolvers) : "system";
  for (const ZoneResolvers& zone : policy.zones)
    out += ", " + yaml_quoted(zone.zone.text()) + ": " + list(zone.resolvers);
  return out + " }\n";
}

std::string print_frame(const Policy& policy) {
  const auto as_is = [](const std::string& text) { return text; };
  std::string out = "version: 1\n";
  out += policy.mode == Mode::audit ? "mode: audit\n" : "mode: enforce\n";
  out += resolvers_text(policy);
  out += dns_text(policy.dns);
  out += std::string("services: { dhcp: ") + (policy.allows_dhcp ? "true" : "false") +
         (policy.serves_guests ? "" : ", guests: false") +
         (policy.metadata_at_boot ? ", metadata: boot" : "") +
         ", ntp: " + flow_list(time_servers(policy), host_text) + " }\n";
  out += "limits: { min_ttl: " + print_duration(policy.limits.min_ttl) +
         ", max_ttl: " + print_duration(policy.limits.max_ttl) +
         ", grace: " + print_duration(policy.limits.grace) +
         ", stale: " + print_duration(policy.limits.stale) + " }\n";
  out += "inbound: " + (policy.inbound ? flow_list(policy.inbound->texts(), as_is) : "any") + '\n';
  out += policy.released ? "forward: { except: " + flow_list(*policy.released, as_is) + " }"
                         : "forward: " + flow_list(policy.forward, as_is);
  return out + '\n';
}

}  // namespace

std::string print(const Policy& policy) {
  std::string entries;
  for (const auto& entry : policy.entries) {
    if (is_time_server(entry)) continue;
    entries += "  - { target: " + yaml_quoted(entry.target()) + options_text(entry) + " }" +
               remark(entry) + '\n';
  }
  return print_frame(policy) + (entries.empty() ? "allow: []\n" : "allow:\n" + entries);
}

}  // namespace egress::policy
