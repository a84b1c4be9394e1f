#include "egressd/hosts_names.hpp"

#include <algorithm>

#include "egress/core/address_class.hpp"

namespace egress::daemon {
namespace {

constexpr std::size_t kMostNotes = 32;  // of a file that may be a list of thousands

bool is_unspecified(const IpAddress& address) {
  return std::ranges::all_of(address.octets(), [](std::uint8_t octet) { return octet == 0; });
}

bool lets_through(const engine::Engine& engine, const Endpoint& endpoint, Instant now) {
  if (is_this_host(engine, endpoint.address)) return true;
  return engine.inputs().posture != engine::Posture::panic && engine.installed() != nullptr &&
         engine.installed()->permits(endpoint, now);
}

std::string literal(const IpAddress& address, Transport transport, const PortRange& ports) {
  const std::string host = address.is_v4() ? address.text() : '[' + address.text() + ']';
  const std::string before = transport == Transport::tcp ? "" : std::string(text(transport)) + '/';
  return before + host + (has_ports(transport) ? ':' + ports.text() : "");
}

std::string words(const std::vector<std::string>& parts, std::string_view between) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : std::string(between)) + part;
  return all;
}

void add_note(const engine::Engine& engine, const resolvconf::HostNames& hosts, const DnsName& name,
              const policy::AllowEntry& entry, Instant now, std::vector<HostsNote>& notes) {
  if (notes.size() >= kMostNotes) return;
  std::string note =
      hosts_note(name, closed_in_hosts(engine, hosts, name, entry.transport, entry.ports, now));
  if (!note.empty()) notes.push_back({&entry, std::move(note)});
}

}  // namespace

bool is_this_host(const engine::Engine& engine, const IpAddress& address) {
  return classify(address) == AddressClass::loopback || is_unspecified(address) ||
         engine.inputs().own_addresses.contains(address);
}

bool is_this_host(const engine::Engine& engine, const DnsName& name,
                  const resolvconf::HostNames& hosts) {
  if (name.text() == "localhost" || name.text().ends_with(".localhost")) return true;
  const auto at = hosts.find(name);
  return at != hosts.end() && std::ranges::all_of(at->second, [&](const IpAddress& address) {
           return is_this_host(engine, address);
         });
}

std::vector<std::string> closed_in_hosts(const engine::Engine& engine,
                                         const resolvconf::HostNames& hosts, const DnsName& name,
                                         Transport transport, const PortRange& ports, Instant now) {
  std::vector<std::string> closed;
  const auto at = hosts.find(name);
  if (at == hosts.end()) return closed;
  for (const IpAddress& address : at->second)
    if (!lets_through(engine, {address, over(transport, address.family()), ports.first}, now))
      closed.push_back(literal(address, transport, ports));
  return closed;
}

std::string hosts_note(const DnsName& name, const std::vector<std::string>& closed) {
  if (closed.empty()) return {};
  return "/etc/hosts sends programs of this host that ask for " + name.text() + " to " +
         words(closed, ", ") +
         ", which is refused; egressd does not follow that file: egressctl allow " +
         words(closed, " ");
}

std::vector<HostsNote> hosts_notes(const engine::Engine& engine, const resolvconf::HostNames& hosts,
                                   Instant now) {
  std::vector<HostsNote> notes;
  for (const auto& [name, addresses] : hosts)
    for (const policy::AllowEntry* entry : engine.inputs().entries_of(name))
      add_note(engine, hosts, name, *entry, now, notes);
  return notes;
}

std::vector<HostsNote> hosts_notes(const engine::Engine& engine, const resolvconf::HostNames& hosts,
                                   const std::vector<const policy::AllowEntry*>& entries,
                                   Instant now) {
  std::vector<HostsNote> notes;
  for (const policy::AllowEntry* entry : entries) {
    if (entry->name() != nullptr) add_note(engine, hosts, *entry->name(), *entry, now, notes);
    if (entry->wildcard() == nullptr) continue;
    for (const auto& [name, addresses] : hosts)
      if (entry->wildcard()->covers(name)) add_note(engine, hosts, name, *entry, now, notes);
  }
  return notes;
}

std::vector<std::string> texts(const std::vector<HostsNote>& notes) {
  std::vector<std::string> all;
  for (const HostsNote& note : notes) all.push_back(note.text);
  return all;
}

void judge_by_hosts(const engine::Engine& engine, const resolvconf::HostNames& hosts,
                    const DnsName& name, Transport transport, Port port, Instant now,
                    control::WhyReply& reply) {
  const auto at = hosts.find(name);
  if (at == hosts.end()) return;
  const auto closed = closed_in_hosts(engine, hosts, name, transport, {port, port}, now);
  const std::string target = target_text(transport, name.text(), std::to_string(port));
  std::vector<std::string> all;
  for (const IpAddress& address : at->second) all.push_back(address.text());
  reply.allowed = closed.empty();
  reply.summary = target + (closed.empty() ? " is allowed: " : " is refused: ") +
                  "/etc/hosts has it at " + words(all, ", ") +
                  (closed.empty() ? ", which is open" : ", and not all of that is open");
  reply.facts.insert(reply.facts.begin(), closed.empty()
                                              ? "programs of this host ask no resolver for it"
                                              : hosts_note(name, closed));
}

}  // namespace egress::daemon
