// What the engine and the kernel know, in the words of the control protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/messages.hpp"
#include "egress/engine/engine.hpp"
#include "egress/guard/journal.hpp"
#include "egress/nft/kernel.hpp"
#include "egress/policy/load.hpp"

namespace egress::daemon {

std::optional<control::RiskReport> report_risk(const policy::AllowEntry& entry);

// `live` may be empty: then hits are 0.
control::EntryReport report_entry(const engine::Engine& engine, const policy::AllowEntry& entry,
                                  const nft::Snapshot& live, Instant now);

// The connections that were let through to these addresses, on the entry's ports.
std::uint64_t hits_in(const policy::AllowEntry& entry, const nft::Snapshot& live,
                      const IpAddress& first, const IpAddress& last);

// A reading of the table, and what has to be known to compare it with what is desired.
struct Reading {
  nft::Snapshot live;
  Instant begun{};
  Instant ended{};
  milliseconds tolerance{0};            // by how much later than desired an element may end
  std::set<nft::ElementKey> changed{};  // by the daemon meanwhile: they say nothing
  std::function<bool(const nft::ElementKey&)> holds;  // whether the kernel holds it now
};
control::DiffReply report_diff(const engine::Engine& engine, const Reading& reading);

// The latest first, at most `limit`; in a second, those to which most packets went.
std::vector<control::RefusalReport> report_refusals(const nft::Snapshot& live, std::size_t limit);
// All of them; those to what is probed now as they were counted by themselves.
std::vector<control::RefusalReport> report_all_refusals(const nft::Snapshot& live);

control::ProofReply report_proof(const engine::Engine& engine, const Reading& reading);

// Counts, latencies and the latest questions.
control::DnsReply report_dns(const guard::Journal& journal, Instant now);

// Entries of the one that the other lacks.
std::uint64_t count_missing(const policy::Entries& entries, const policy::Entries& others);

// "enforcing", "auditing", "open" or "panic".
std::string_view state_text(const engine::Engine& engine);
// What is left until a moment, at least 1 s; empty: it never comes.
std::optional<std::int64_t> seconds_left(Instant end, Instant now);

// The settings, and the options of entries, that are not the same.
std::vector<control::SettingReport> report_changes(const policy::Policy& before,
                                                   const policy::Policy& after);

// What they have that the others lack, of presets whose risk is known; ordered by risk.
std::vector<control::RiskyTarget> report_new_risks(const policy::Entries& entries,
                                                   const policy::Entries& others);

enum class PolicySource;
std::string_view source_text(PolicySource source);

struct Trial;
std::string waits_to_be_confirmed(const Trial& trial, Instant now);

std::vector<control::ZoneReport> report_zones(const policy::Resolvers& resolvers);

// Adds to `why` what this host's own programs may do where the address is that of a guest.
void add_guest(const engine::Engine& engine,
               const std::vector<engine::SessionsFound::Network>& networks,
               const IpAddress& address, control::WhyReply& reply);
// Answers `why`: `target` has been parsed before; an address alone asks about every port.
control::WhyReply explain_endpoint(const engine::Engine& engine, const Endpoint& endpoint,
                                   Instant now);
control::WhyReply explain_address(const engine::Engine& engine, const IpAddress& address,
                                  Instant now);
control::WhyReply explain_name(const engine::Engine& engine, const DnsName& name,
                               Transport transport, Port port, Instant now);

// Which presets hold the name, and how they are allowed.
void add_holders(const DnsName& name, Transport transport, Port port,
                 const policy::Catalogue& catalogue, control::WhyReply& reply);

std::vector<control::OtherTableReport> report_others(const std::vector<nft::OtherTable>& tables);
// Reads the other tables only where a link is unheard. What cannot be read is no link.
std::vector<control::UnheardReport> report_unheard(nft::Kernel& kernel);

// Every capability that a kernel may lack.
std::vector<control::CapabilityReport> report_capabilities(const nft::Capabilities& has);
// Which links' raw frames are held, and which are not and why.
void report_frames(const engine::Engine& engine, control::StatusReply& reply);
// What the kernel lacks and what that costs, one line each.
std::vector<std::string> missing_features(const nft::Capabilities& capabilities);

}  // namespace egress::daemon
