// What egressctl and egressd say to each other: plain values, encoded as JSON by codec.hpp. Field
// names in the JSON are the member names; durations are in seconds ("_s") or microseconds ("_us"),
// times are RFC 3339 UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace egress::control {

// ---- requests
// ------------------------------------------------------------------------------------------------------

struct AllowRequest {
  std::vector<std::string> targets;
  std::optional<std::int64_t> for_s;  // a time-boxed grant
  bool optional = false;
  bool private_answers = false;  // JSON: "private"
  bool metadata = false;
  bool dry_run = false;
  std::string reason;
  bool wide = false;                  // also what covers names that strangers register
  std::vector<std::string> except{};  // names below the wildcards among them that are not meant
  bool srv = false;                   // also what the SRV records of these names lead to
};
struct DenyRequest {
  std::vector<std::string> targets;
  bool dry_run = false;
};
struct ListRequest {};
struct StatusRequest {};
struct WhyRequest {
  std::string target;  // a target, or an address without a port
};
struct DiffRequest {};
struct ReloadRequest {};
struct RefusalsRequest {};  // what was refused lately, with counts
struct RefusalReport {
  std::string address;
  std::string transport;  // "tcp" | "udp"
  std::uint16_t port = 0;
  std::uint64_t packets = 0;
};

// What will be probed: refused packets to there are counted by themselves for a minute, however
// many other destinations are refused. What root announces counts nowhere else.
struct AnnounceRequest {
  std::vector<RefusalReport> endpoints;  // without their packets
  std::vector<RefusalReport>
      allowed{};  // whose connections are no hits for some seconds; root alone
};
struct ProofRequest {};   // what `verify` must know to choose its probes
struct DnsRequest {};     // what the DNS guard did lately
struct HealthRequest {};  // what only the daemon can tell `doctor`
struct OpenRequest {      // nothing is refused; not across a restart
  std::optional<std::int64_t> for_s;
};
struct PanicRequest {  // nothing but loopback passes; also across a restart
  std::optional<std::int64_t> for_s;
};
struct ResumeRequest {};  // back to what the policy says
// A policy in place of the daemon's file. With `confirm_s` it is in force until then, and stays if
// it is confirmed; without, it is only checked: the asker writes the file and asks for a reload.
struct ApplyRequest {
  std::string text;
  std::string source;  // where the text comes from, for its problems
  std::optional<std::int64_t> confirm_s;
};
// First the asker is given the text that waits to be confirmed; then, once that stands in the
// daemon's file, it stays.
struct ConfirmRequest {
  bool is_written = false;  // JSON: "written"
};

// Reading is open to every local user. The rest needs root or the group `egress`; open and apply,
// which can let everything pass, need root.
using Request = std::variant<AllowRequest, DenyRequest, ListRequest, StatusRequest, WhyRequest,
                             DiffRequest, ReloadRequest, RefusalsRequest, ProofRequest, DnsRequest,
                             OpenRequest, PanicRequest, ResumeRequest, ApplyRequest, ConfirmRequest,
                             HealthRequest, AnnounceRequest>;

// ---- replies
// -------------------------------------------------------------------------------------------------------

struct AddressReport {
  std::string address;
  std::int64_t expires_s = 0;  // what is left; 0: permanent
  std::uint64_t hits = 0;      // new connections, all ports of the entry
};

// What the preset of an entry knows of its risk.
struct RiskReport {
  std::string kind;  // "upload" | "shared-cdn" | "wide"
  std::string why;
};

struct EntryReport {
  std::string target;    // canonical: "tcp/api.openai.com:443"
  std::string state;     // "open" | "resolving" | "failing" (no address) | "stale" (addresses, but
                         // lookups fail)
  std::string origin;    // "egressd.yaml:12:5", "preset openai (egressd.yaml:3:5)", "root (uid 0)",
                         // "services.ntp"
  std::string added_by;  // operator's additions only
  bool optional = false;
  std::vector<std::string> except{};  // below a wildcard, not allowed by it
  std::string srv{};  // its services may lead to names at or below this domain; empty: to none
  std::string reason;
  std::optional<RiskReport> risk;
  std::vector<std::string> hosts{};  // names of it that /etc/hosts sends where it is closed
  std::string error;  // last failure of resolution: "NXDOMAIN from 10.0.0.2, next try in 5 s"
  std::optional<std::int64_t> until_s;  // seconds to the end of a time-boxed grant
  std::vector<AddressReport> addresses;
  std::uint64_t hits = 0;
};

struct TargetOutcome {
  std::string target;
  std::string state;    // "open" | "failed" (kept, retried) | "unresolved" (the same, optional) |
                        // "already" | "revoked" | "would allow" | "would revoke" | "refused"
  std::string message;  // why, and what to do
  std::optional<RiskReport> risk;
  std::vector<std::string> addresses;
};

struct AllowReply {
  std::vector<TargetOutcome> targets;
  std::int64_t total_us = 0;         // from request to reply
  std::int64_t kernel_us = 0;        // of that, in commits
  std::vector<std::string> notes{};  // what the presets among the targets say: "pypi: ..."
};
struct DenyReply {
  std::vector<TargetOutcome> targets;
  std::uint64_t cut_flows = 0;
};
struct ListReply {
  std::vector<EntryReport> entries;
  std::string state{};  // as in StatusReply: "open" and "panic" override the entries
};

// A held link whose last question did not come to the guard.
struct UnheardReport {
  std::string link;
  std::string by;       // what may drop it: "ufw", "table inet filter"
  std::string command;  // that lets questions through
};

// Resolvers that alone are asked for a zone's names.
struct ZoneReport {
  std::string zone;
  std::vector<std::string> resolvers;
};

struct StatusReply {
  std::string version;
  std::string mode;         // "enforce" | "audit"
  std::string state;        // "enforcing" | "auditing" | "open" | "panic" | "not enforcing: <why>"
  std::string dns;          // "guard" | "poll"
  std::string refuse_with;  // guard: "nxdomain" | "refused"
  std::vector<std::string> resolvers;
  std::vector<ZoneReport> zones{};  // that are asked of others
  std::string resolver_source;      // "policy" | "/etc/resolv.conf" | ...
  std::string policy_file;
  std::string policy_source;   // "files" | "last good": the files cannot be used | "none": nor is
                               // there a last good one
  std::string policy_problem;  // the first reason why it is not the files: "egressd.yaml:12:7: ..."
  std::int64_t uptime_s = 0;
  std::uint64_t entries = 0, names = 0, addresses = 0, elements = 0;
  std::uint64_t learnt = 0;  // of the names: below wildcards
  std::uint64_t names_failing = 0;
  std::vector<std::string> failing;  // required targets without an address
  std::vector<std::string> forward;  // held interfaces
  std::vector<std::string> uplinks;  // links among them that lead outside; holds_all: the ways out
  bool holds_all = false;            // all links but those ways out and what `released` names
  std::vector<std::string> released;
  std::vector<std::string> outward;  // held, and may lead to other machines
  std::vector<std::string>
      wires;  // those that do: what the host sends and receives by them is its own
  std::vector<std::string>
      inbound;  // which flows begun outside are answered: "22/tcp", "ping"; "any"
  // Where root may ask for the cloud's metadata after a boot: how long it still may now, 0: closed.
  std::optional<std::int64_t> metadata_s;
  std::vector<std::string> missing_features;  // what this kernel lacks and what that costs
  std::vector<std::string> warnings;  // a reload that was refused, a state file set aside, ...
  std::uint64_t commits = 0, failed_commits = 0;
  std::int64_t last_commit_us = 0;
  std::vector<std::string>
      held_links;  // by which no frame leaves that the network stack has not routed
  std::vector<std::string>
      unheld_links;  // "eth0: why not"; without loopback and what forward: holds
  std::uint64_t refused_frames = 0;
  std::string protection;  // "owned": the kernel lets nobody else change the table; "watched":
                           // changes are undone
  std::uint64_t tamperings = 0;  // watched: how often others changed the table
  std::string last_tampering;    // by whom: "nft (pid 1234)"; from outside
  std::int64_t last_repair_us =
      0;  // from the kernel's notice of it to the acknowledgement of the repair
  std::uint64_t refused_packets = 0;
  std::uint64_t foreign_packets = 0;  // dropped: their source was not their sender's
  std::uint64_t crowded_packets =
      0;  // dropped: they would have begun more flows than their sender's share
  std::uint64_t tracked_flows = 0, most_flows = 0;
  std::vector<RefusalReport> refusals;  // most frequent first, at most 10
  std::vector<std::string> proxies;     // targets with a port at which proxies stand
  std::vector<std::string> tunnels;     // targets that open a tunnel
  std::vector<UnheardReport> unheard;   // whose DNS another firewall of this host drops
  std::vector<std::string> hosts{};     // allowed names that /etc/hosts sends where it is closed
  std::vector<std::string> deviations;  // live table against desired; empty: exact
  std::optional<std::int64_t> until_s;  // open, panic: what is left of it
  std::optional<std::int64_t> unconfirmed_s;  // a policy that was applied reverts after this
};

struct WhyReply {
  bool allowed = false;
  std::string summary;             // one sentence
  std::vector<std::string> facts;  // entry, address, answer, resolver, expiry: one line each
  std::vector<EntryReport> entries;
};

struct DiffReply {
  std::vector<std::string> deviations;  // chains, rules, sets
  std::vector<std::string> missing;     // elements desired but not in the kernel
  std::vector<std::string> unexpected;  // elements in the kernel but not desired
  std::vector<std::string> misdated;    // elements that do not end when they should, and how
};

// A setting that is no longer what it was, or the options of an entry that stays.
struct SettingReport {
  std::string setting;  // "forward", "limits.grace", "tcp/api.openai.com:443"
  std::string before;
  std::string after;
};
struct ReloadReply {
  std::uint64_t added = 0, removed = 0;  // entries
  std::vector<std::string> problems;     // "egressd.yaml:12:7: ..."; not empty: nothing changed
  bool changed = true;                   // anything at all
  std::vector<SettingReport> settings{};
  std::vector<std::string> warnings{};  // as in StatusReply
};

struct AnnounceReply {
  std::uint64_t endpoints = 0;  // counted by themselves from now on
};

struct RefusalsReply {
  std::uint64_t refused_packets = 0;
  std::vector<RefusalReport> refusals;
  std::uint64_t foreign_packets = 0;  // dropped, since their source was not their sender's
};

struct ProvableAddress {
  std::string address;
  std::string element;     // what admits it: "allow4 192.0.2.1 . tcp . 443, for 240 s"
  std::uint64_t hits = 0;  // new connections to it, at all ports of the entry
};
// One allowed endpoint, with every address that is open for it now.
struct ProvableEndpoint {
  std::string target;
  std::string host;  // name or wildcard ("*.host", ".host"), or empty for an address or CIDR
  std::string transport;
  std::uint16_t port = 0;  // the first of a range
  bool optional = false;
  // A CIDR, a range or a wildcard gives none: nothing to connect to is known.
  std::vector<ProvableAddress> addresses;
  bool private_answers = false;  // JSON: "private"
  bool metadata = false;
  bool srv = false;  // its services may lead to other names, whose addresses are not given
};
struct ProofReply {
  std::string mode;         // "enforce" | "audit" | "open" | "panic"
  std::string dns;          // "guard" | "poll"
  std::string refuse_with;  // guard: "nxdomain" | "refused"
  std::vector<std::string>
      filtered;  // allowed names whose answers hold addresses that may not be opened
  std::vector<std::string> resolvers;  // "10.0.0.2", "[2001:db8::1]:5353"
  std::vector<ProvableEndpoint> endpoints;
  // Which flows begun outside are answered: "22/tcp", "ping", "none"; empty: all.
  std::vector<std::string> inbound;
  bool opens_metadata = false;  // to root, for a while after the boot
  DiffReply table;
};

struct DnsCount {
  std::string verdict;  // "held", "asked", "stale", "no data", "refused", "filtered", "failed",
                        // "limited", "unusable"
  std::uint64_t questions = 0;
};
// Quantiles are the upper ends of buckets that double, so right within a factor of two.
struct DnsLatency {
  std::string stage;  // "queue" (to the question to the resolvers), "upstream" (to their answer),
                      // "commit" (to the release), "whole"
  std::uint64_t questions = 0;
  std::int64_t p50_us = 0, p90_us = 0, p99_us = 0;
};
struct DnsQuestion {
  std::string name;  // from outside
  std::string type;  // "A", "AAAA", "TXT", ...; "TYPE999"
  std::string client;
  std::string transport;
  std::optional<std::int64_t> user;  // uid of the client's socket, where known
  std::string verdict;
  std::int64_t age_s = 0;
  std::int64_t took_us = 0;
};
struct DnsReply {
  std::string mode;                     // "guard" | "poll"
  std::uint64_t waiting = 0;            // questions that wait for an answer now
  std::uint64_t names = 0, learnt = 0;  // held; of these, learnt below wildcards
  std::vector<DnsCount> counts;
  std::vector<DnsLatency> latencies;
  std::vector<DnsQuestion> latest;  // the oldest first
};

// To open, panic and resume.
struct PostureReply {
  std::string before;                   // "enforcing" | "open" | "panic"
  std::string state;                    // the same, now
  std::optional<std::int64_t> until_s;  // what is left of it
  std::string warning;                  // done, but not all of it
};

// An entry that comes by a preset whose risk is known.
struct RiskyTarget {
  std::string target;
  RiskReport risk;
};
struct ApplyReply {
  std::string file;                       // the daemon's policy file
  std::vector<std::string> problems;      // "new.yaml:12:7: ..."; not empty: nothing changed
  std::uint64_t added = 0, removed = 0;   // entries
  std::vector<RiskyTarget> risks;         // of those added, one risk after the other
  std::optional<std::int64_t> reverts_s;  // in force, unless confirmed within this
  bool changed = true;                    // the text of the file, or what is in force
  std::vector<SettingReport> settings{};
  std::vector<std::string> warnings{};  // what is in force only because it was accepted before
};

struct ConfirmReply {
  std::string file;                   // to be written, or written
  std::string text;                   // what to write; empty once it is
  std::vector<std::string> problems;  // what is written does not load; nothing changed
};

struct CapabilityReport {
  std::string name;  // "frames", "ownership", ...
  bool present = false;
  std::string cost;  // what its absence costs
};
// Tries, of which a question may take several: at one resolver after the other.
struct ResolverReport {
  std::string address;
  std::uint64_t answers = 0;         // also the word that a name does not exist
  std::uint64_t failures = 0;        // no answer, or one that says nothing about the name
  std::uint64_t failures_since = 0;  // of these, since its last answer
  std::string last_failure;          // "timeout", "SERVFAIL"
};
// A table beside egressd's.
struct OtherTableReport {
  std::string table;         // "ip nat"
  std::string hooks;         // "nat output -100, nat postrouting 100"
  bool can_pass_us = false;  // its rules can carry a packet past egressd
  std::string why;           // either way
};
struct HealthReply {
  std::int64_t pid = 0;
  std::int64_t uid = 0;          // as which it runs
  std::int64_t boottime_ms = 0;  // the daemon's clocks
  std::string wall;
  std::vector<CapabilityReport> capabilities;
  std::vector<ResolverReport> resolvers;
  std::vector<OtherTableReport> other_tables;
  std::string unread;                    // why the other tables could not be read
  std::vector<UnheardReport> unheard{};  // as in StatusReply
  std::vector<std::string> hosts{};      // allowed names that /etc/hosts sends where it is closed
};

// A request that was not carried out.
struct Refused {
  std::string code;     // "denied" (no right) | "invalid" | "failed" | "busy"
  std::string message;  // what is wrong and what to do
};

using Reply = std::variant<AllowReply, DenyReply, ListReply, StatusReply, WhyReply, DiffReply,
                           ReloadReply, RefusalsReply, ProofReply, DnsReply, PostureReply,
                           ApplyReply, ConfirmReply, HealthReply, AnnounceReply, Refused>;

}  // namespace egress::control
