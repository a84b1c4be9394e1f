// Services of allowed hosts: what their SRV records lead to is learnt, and judged.
#include <algorithm>

#include "egress/dns/doh_endpoints.hpp"
#include "egress/dns/service_name.hpp"
#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

using policy::AllowEntry;

dns::Lead lead_of(const dns::ServiceName& name, const dns::Service& service, Instant expires) {
  return {name.host, name.transport, service.port, expires};
}

}  // namespace

std::optional<std::string_view> objection_to_lead(const AllowEntry& entry, const dns::Lead& lead,
                                                  const DnsName& target) {
  if (!entry.service_domain) return "the entry does not say srv: true (allow --srv)";
  if (!target.is_within(*entry.service_domain)) return "outside of the domain of the entry's host";
  if (dns::is_doh_endpoint(target)) return "a resolver over HTTPS";
  if (entry.transport != lead.transport) return "of another transport than the entry";
  if (!entry.ports.contains(lead.port)) return "at a port that the entry does not hold";
  return std::nullopt;
}

std::vector<const AllowEntry*> Inputs::entries_of(const dns::Lead& lead,
                                                  const DnsName& target) const {
  std::vector<const AllowEntry*> entries;
  if (const auto at = by_name.find(lead.host); at != by_name.end())
    for (const AllowEntry* entry : at->second)
      if (!objection_to_lead(*entry, lead, target)) entries.push_back(entry);
  return entries;
}

bool Inputs::tells(const dns::Question& question) const {
  const auto service = dns::parse_service_name(question.name);
  const bool is_service = question.records == dns::Records::services;
  if (is_service && !service) return false;
  const auto at = by_name.find(is_service ? service->host : question.name);
  return at != by_name.end() && std::ranges::any_of(at->second, [&](const AllowEntry* entry) {
           return entry->service_domain && (!is_service || entry->transport == service->transport);
         });
}

// What the answer leads to is known before a program is told of it, so that it may ask for the
// addresses.
void Engine::take_records(const dns::Answer& answer, Instant now) {
  const dns::RecordState* state = records_.find(answer.question);
  const std::vector<dns::Service> before =
      state != nullptr ? state->services : std::vector<dns::Service>();
  const bool is_taken = records_.absorb(answer, now);
  const auto name = dns::parse_service_name(answer.question.name);
  if (!is_taken || !name || !inputs_.tells(answer.question)) return;
  const dns::Lifetimes& lifetimes = names_.lifetimes();
  const Instant expires = now + dns::clamp_ttl(answer.ttl, lifetimes) + lifetimes.grace;
  for (const dns::Service& service : answer.services) {
    const bool is_new = std::ranges::find(before, service) == before.end();
    take_service(*name, service, expires, is_new, now);
  }
}

void Engine::take_service(const dns::ServiceName& name, const dns::Service& service,
                          Instant expires, bool is_new, Instant now) {
  const auto target = DnsName::parse(service.target);
  if (!target) {
    if (is_new) note_lead(name, service, "not a host name");
    return;
  }
  const dns::Lead lead = lead_of(name, service, expires);
  if (!inputs_.entries_of(lead, *target).empty()) return touch(names_.lead(*target, lead, now));
  if (!is_new) return;
  for (const AllowEntry* entry : inputs_.by_name.at(name.host))
    if (const auto why = objection_to_lead(*entry, lead, *target); why && entry->service_domain)
      return note_lead(name, service, *why);
}

// Like addresses that are filtered: the policy or the zone is not what somebody believes.
void Engine::note_lead(const dns::ServiceName& name, const dns::Service& service,
                       std::string_view why) {
  note(Notice::Level::warning, "service-filtered",
       {{"host", name.host.text()},
        {"target", service.target},
        {"port", std::to_string(service.port)},
        {"transport", std::string(text(name.transport))},
        {"because", std::string(why)}});
}

// Services that no entry tells any more, and what they led to.
void Engine::drop_services(const policy::EntriesChange& change) {
  const auto has_services = [](const auto& entry) { return entry->service_domain.has_value(); };
  if (std::ranges::none_of(change.gone, has_services)) return;
  records_.forget([this](const DnsName& host) {
    return !inputs_.tells({host, Family::ipv4, dns::Records::texts});
  });
  const auto is_gone = [this](const DnsName& target, const dns::Lead& lead) {
    return inputs_.entries_of(lead, target).empty();
  };
  touch(names_.drop_leads(is_gone), Cause::policy);
}

std::vector<const AllowEntry*> Engine::entries_leading_to(const DnsName& name, Instant now) const {
  std::vector<const AllowEntry*> entries;
  const dns::NameState* state = names_.find(name);
  if (state == nullptr) return entries;
  for (const dns::Lead& lead : state->leads) {
    if (lead.expires <= now) continue;
    for (const AllowEntry* entry : inputs_.entries_of(lead, name))
      if (std::ranges::find(entries, entry) == entries.end()) entries.push_back(entry);
  }
  return entries;
}

// Adds the service if its target is known. False: it should be, and is not.
bool Engine::release_service(const dns::ServiceName& name, const dns::Service& service, Instant now,
                             Release& release) const {
  const auto target = DnsName::parse(service.target);
  const dns::Lead lead = lead_of(name, service, now);
  if (!target || inputs_.entries_of(lead, *target).empty()) {
    release.is_filtered = true;
    return true;
  }
  const dns::NameState* state = names_.find(*target);
  const auto stands = [&](const dns::Lead& known) {
    return known.is_same_service(lead) && known.expires > now;
  };
  const bool is_known = state != nullptr && std::ranges::any_of(state->leads, stands);
  if (is_known) release.services.push_back(&service);
  release.is_filtered = release.is_filtered || !is_known;
  return is_known;
}

}  // namespace egress::engine
