// `egressctl why`: is it allowed, by which entry, through which answer.
#include <algorithm>

#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"
#include "egress/policy/holders.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

using policy::AllowEntry;

bool covers(const AllowEntry& entry, Transport transport, Port port) {
  return entry.transport == transport && entry.ports.contains(port);
}

void add_entry(const engine::Engine& engine, const AllowEntry& entry, Instant now,
               control::WhyReply& reply) {
  reply.facts.push_back("entry " + entry.target() + " from " + entry.origin.text());
  reply.entries.push_back(report_entry(engine, entry, {}, now));
}

std::string lookup_text(const dns::FamilyState& lookup, const char* type, Instant now) {
  if (!lookup.was_answered) return std::string(type) + ": not answered yet";
  std::string line = std::string(type) + ": " + std::string(dns::text(lookup.status)) + ", " +
                     std::to_string(std::chrono::floor<seconds>(now - lookup.answered_at).count()) +
                     " s ago";
  if (lookup.status == dns::Status::ok)
    line += ", TTL " + std::to_string(lookup.ttl.count()) + " s";
  if (!lookup.resolver.empty()) line += ", from " + lookup.resolver;
  for (const std::string& alias : lookup.chain) line += ", CNAME " + egress::quoted(alias);
  return line;
}

void add_lookups(const engine::Engine& engine, const DnsName& name, Instant now,
                 control::WhyReply& reply) {
  const dns::NameState* state = engine.names().find(name);
  if (state == nullptr) return;
  reply.facts.push_back(name.text() + " " + lookup_text(state->v4, "A", now));
  reply.facts.push_back(name.text() + " " + lookup_text(state->v6, "AAAA", now));
}

std::string ago(Instant then, Instant now) {
  return print_duration(std::chrono::floor<seconds>(now - then)) + " ago";
}

// Where an address comes from: since when, until when, and for whom.
void add_provenance(const dns::NameState& state, const IpAddress& address, Instant now,
                    control::WhyReply& reply) {
  const dns::HeldAddress& held = *state.find(address);
  reply.facts.push_back("first seen " + ago(held.first_seen, now) + ", last seen " +
                        ago(held.last_seen, now) + ", open for another " +
                        print_duration(std::chrono::floor<seconds>(held.expires - now)));
  std::string askers;
  for (const std::uint32_t user : state.askers)
    askers += (askers.empty() ? "" : ", ") + std::to_string(user);
  if (!askers.empty()) reply.facts.push_back("asked for by uid " + askers);
}

// The hosts whose services stand at the name, and where.
void add_leads(const engine::Engine& engine, const DnsName& name, Instant now,
               control::WhyReply& reply) {
  const dns::NameState* state = engine.names().find(name);
  if (state == nullptr) return;
  for (const dns::Lead& lead : state->leads) {
    if (lead.expires <= now || engine.inputs().entries_of(lead, name).empty()) continue;
    reply.facts.push_back("an SRV record of " + lead.host.text() + " leads to " +
                          target_text(lead.transport, name.text(), std::to_string(lead.port)) +
                          ", for another " +
                          print_duration(std::chrono::floor<seconds>(lead.expires - now)));
  }
}

// Those that name or cover the name, or whose services stand there.
std::vector<const AllowEntry*> entries_about(const engine::Engine& engine, const DnsName& name,
                                             Instant now) {
  std::vector<const AllowEntry*> entries = engine.inputs().entries_of(name);
  std::ranges::copy(engine.entries_leading_to(name, now), std::back_inserter(entries));
  return entries;
}

bool leads_to(const engine::Engine& engine, const DnsName& name, Transport transport, Port port,
              Instant now) {
  const dns::NameState* state = engine.names().find(name);
  return state != nullptr && std::ranges::any_of(state->leads, [&](const dns::Lead& lead) {
           return lead.expires > now && lead.transport == transport && lead.port == port &&
                  !engine.inputs().entries_of(lead, name).empty();
         });
}

// Of an entry that names or covers the name, or of a service that stands there.
bool opens(const engine::Engine& engine, const AllowEntry& entry, const DnsName& name,
           const Endpoint& endpoint, Instant now) {
  const DnsName* host = entry.name();
  if (host == nullptr || *host == name) return covers(entry, endpoint.transport, endpoint.port);
  return leads_to(engine, name, endpoint.transport, endpoint.port, now);
}

// The names that own the address, what each entry makes of it, and why one may not open it.
void add_owners(const engine::Engine& engine, const IpAddress& address, Instant now,
                control::WhyReply& reply) {
  for (const DnsName* name : engine.names().owners(address)) {
    reply.facts.push_back(address.text() + " is an address of " + name->text());
    add_provenance(*engine.names().find(*name), address, now, reply);
    add_lookups(engine, *name, now, reply);
    add_leads(engine, *name, now, reply);
    for (const AllowEntry* entry : entries_about(engine, *name, now)) {
      add_entry(engine, *entry, now, reply);
      if (const auto why = engine::withheld(engine.inputs(), *entry, address))
        reply.facts.push_back("not opened: it is " + std::string(*why));
    }
  }
  for (const AllowEntry& entry : engine.inputs().policy->entries)
    if (entry.prefix() != nullptr && entry.prefix()->contains(address))
      add_entry(engine, entry, now, reply);
}

void add_zone(const engine::Engine& engine, const DnsName& name, control::WhyReply& reply) {
  const policy::ZoneResolvers* zone = engine.inputs().resolvers.zone_of(name);
  if (zone == nullptr) return;
  std::string resolvers;
  for (const policy::ResolverAddress& resolver : zone->resolvers)
    resolvers += (resolvers.empty() ? "" : ", ") + resolver.text();
  reply.facts.push_back("names of the zone " + zone->zone.text() + " are asked of " + resolvers +
                        " alone");
}

// The wildcards that would cover the name, were it not excepted.
std::vector<const AllowEntry*> excepting(const engine::Engine& engine, const DnsName& name) {
  std::vector<const AllowEntry*> entries;
  for (const AllowEntry& entry : engine.inputs().policy->entries)
    if (entry.wildcard() != nullptr && entry.wildcard()->excepts(name)) entries.push_back(&entry);
  return entries;
}

std::string hint(const engine::Engine& engine) {
  if (engine.inputs().posture == engine::Posture::open)
    return "; egressd is OPEN and lets it pass all the same";
  return engine.inputs().policy->mode == policy::Mode::audit
             ? "; AUDIT mode lets it pass all the same"
             : "";
}

}  // namespace

void add_guest(const engine::Engine& engine,
               const std::vector<engine::SessionsFound::Network>& networks,
               const IpAddress& address, control::WhyReply& reply) {
  const std::string* link = engine.served_link(address, networks);
  if (link == nullptr || engine.inputs().posture == engine::Posture::panic) return;
  reply.facts.push_back("it is behind " + *link +
                        ", which stays on this host: programs of the host and other guests reach "
                        "it (services: { guests: false } ends that for the host)");
  if (reply.allowed) return;
  reply.allowed = true;
  reply.summary =
      address.text() + " is allowed without an entry: a guest of this host, behind " + *link;
}

control::WhyReply explain_endpoint(const engine::Engine& engine, const Endpoint& endpoint,
                                   Instant now) {
  control::WhyReply reply;
  reply.allowed = engine.installed() != nullptr && engine.installed()->permits(endpoint, now);
  add_owners(engine, endpoint.address, now, reply);
  const auto is_resolver = [&](const policy::ResolverAddress& resolver) {
    return resolver.address == endpoint.address && resolver.port == endpoint.port;
  };
  if (std::ranges::any_of(engine.inputs().resolvers.all(), is_resolver))
    reply.facts.push_back(endpoint.text() + " is a pinned resolver");
  reply.summary = endpoint.text() +
                  (reply.allowed ? " is allowed" : " is refused: no entry opens it" + hint(engine));
  return reply;
}

control::WhyReply explain_address(const engine::Engine& engine, const IpAddress& address,
                                  Instant now) {
  control::WhyReply reply;
  std::string open;
  if (engine.installed() != nullptr)
    for (const auto& [key, end] : engine.installed()->elements)
      if (key.family() == address.family() && key.first <= address && address <= key.last &&
          end > now)
        open += (open.empty() ? "" : ", ") + std::string(text(key.transport)) +
                (has_ports(key.transport) ? '/' + key.ports.text() : "");
  reply.allowed = !open.empty();
  add_owners(engine, address, now, reply);
  reply.summary = address.text() + (reply.allowed ? " is open for " + open
                                                  : " is refused on every port" + hint(engine));
  return reply;
}

control::WhyReply explain_name(const engine::Engine& engine, const DnsName& name,
                               Transport transport, Port port, Instant now) {
  control::WhyReply reply;
  const std::string target = target_text(transport, name.text(), std::to_string(port));
  add_lookups(engine, name, now, reply);
  const std::vector<const AllowEntry*> entries = entries_about(engine, name, now);
  const std::vector<const AllowEntry*> exceptions = excepting(engine, name);
  for (const AllowEntry* entry : exceptions)
    reply.facts.push_back("excepted from " + entry->target() + ", " + entry->origin.text());
  if (entries.empty()) {
    reply.summary = target + " is refused: " +
                    (exceptions.empty() ? "no entry names " + name.text()
                                        : exceptions.front()->wildcard()->text() + " excepts it") +
                    hint(engine);
    return reply;
  }
  add_zone(engine, name, reply);
  add_leads(engine, name, now, reply);
  const auto is_covered = [&](const AllowEntry* entry) {
    return opens(engine, *entry, name, {{}, transport, port}, now);
  };
  for (const AllowEntry* entry : entries) {
    add_entry(engine, *entry, now, reply);
    if (!is_covered(entry)) continue;
    const engine::Standing standing = engine.standing_of_name(*entry, name, now);
    reply.allowed = reply.allowed || !standing.addresses.empty();
    for (const auto& [address, end] : standing.addresses)
      reply.facts.push_back("open at " + address.text());
    if (standing.addresses.empty())
      reply.facts.push_back(entry->wildcard() != nullptr && standing.error.empty()
                                ? "allowed, and opened when a program asks the guard for it"
                                : "allowed, but nothing is open: " + standing.error);
  }
  const bool is_listed = std::ranges::any_of(entries, is_covered);
  const std::string others = has_ports(transport) ? "ports" : "transports";
  reply.summary =
      target + (reply.allowed ? " is allowed"
                : is_listed   ? " is allowed, but no address of it is open"
                              : " is refused: its entries allow other " + others + hint(engine));
  return reply;
}

void add_holders(const DnsName& name, Transport transport, Port port,
                 const policy::Catalogue& catalogue, control::WhyReply& reply) {
  constexpr std::size_t kShown = 3;
  std::vector<policy::Holder> holders = policy::holders_of(name, transport, port, catalogue);
  if (holders.size() > kShown) holders.resize(kShown);
  for (const policy::Holder& holder : holders) {
    std::string line = "preset:" + holder.reference + " holds it (" + holder.preset->title + ")";
    line += ": egressctl allow preset:" + holder.reference;
    if (const auto& risk = policy::risk_of(*holder.preset, *holder.entry))
      line += "; risk: " + risk->text();
    reply.facts.push_back(std::move(line));
  }
}

}  // namespace egress::daemon
