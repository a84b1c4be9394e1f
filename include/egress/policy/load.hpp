// From documents to one Policy. Pure: files were read and YAML parsed before.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "egress/core/result.hpp"
#include "egress/policy/document.hpp"
#include "egress/policy/policy.hpp"

namespace egress::policy {

// One thing wrong with a policy. `message` names the token and what is accepted instead.
struct Problem {
  Place place;
  std::string message;
  std::string text() const;  // "egressd.yaml:12:7: message"
  bool operator==(const Problem&) const = default;
};
using Problems = std::vector<Problem>;

// Names under which strangers register are public suffixes, of which there is a list in two parts.
enum class Suffix {
  none,
  icann,    // of the registries: "com", "co.uk"
  of_owner  // of who owns the name above: "github.io", "s3.amazonaws.com"
};

// What the policy needs from libidn2 and libpsl (src/adapters/names). Pure functions of their argument.
struct NameRules {
  // "bücher.example" -> "xn--bcher-kva.example"; ASCII passes through.
  std::function<Result<std::string>(std::string_view)> to_a_label;
  std::function<Suffix(const DnsName&)> suffix;  // what the name itself is
  // What is below the name, the registries' first: "amazonaws.com" is no suffix and holds some.
  std::function<Suffix(const DnsName&)> suffix_below;
};

// A provider, agent or registry from rules/: what `preset: NAME` stands for.
struct PresetEntry {
  std::string target;  // target grammar; may hold {region}, {resource}
  bool is_optional = false;
  bool allows_private = false;  // a service of one's own network
  bool is_wide = false;         // names of strangers are meant, too
  std::vector<std::string> except{};  // below a wildcard; may hold parameters
  std::optional<Risk> risk;
  Place place;
  bool operator==(const PresetEntry&) const = default;
};
struct Preset {
  std::string name;
  std::string title;
  std::string source;  // the URL that the facts come from
  std::string date;    // when they were read, YYYY-MM or YYYY-MM-DD
  std::optional<Risk> risk;             // of every entry that has none of its own
  std::vector<std::string> parameters;  // "region", "resource", in the order in which @ takes them
  std::vector<std::string>
      known_as;  // other words that people use for it: "pip"; none of them is its name
  std::vector<std::string>
      notes;  // what a program still misses, and the setting that saves the wait
  std::vector<PresetEntry> entries;
  Place place;       // where it begins
  Place date_place;  // where its date stands
};
using Catalogue = std::map<std::string, Preset, std::less<>>;

// Of an entry of that preset: its own, or the preset's.
const std::optional<Risk>& risk_of(const Preset& preset, const PresetEntry& entry);

tl::expected<Preset, Problems> parse_preset(const Node& document, const NameRules& rules);

// What is doubtful about presets although each can be read: lint.cpp has the list. `today`: any time of the day.
struct Finding {
  Problem problem;
  bool is_warning = false;  // only to be looked at
};
std::vector<Finding> lint(const Catalogue& catalogue, const NameRules& rules, WallTime today);

// A target as written, before presets unfold. The same grammar in files and on the command line:
//   [tcp/|udp/]host[:port[,port|lo-hi]...]   address   [ipv6]:port   cidr   preset:name[@parameter]
// where host may be *.base (the names below it) or .base (and base itself).
// No port means 443/tcp.
struct Target {
  struct PresetReference {
    std::string name;
    std::string parameter;
    bool operator==(const PresetReference&) const = default;
  };
  std::variant<Destination, PresetReference> what;
  Transport transport = Transport::tcp;
  std::vector<PortRange> ports;  // sorted, disjoint
  std::string text() const;      // canonical
};
Result<Target> parse_target(std::string_view text, const NameRules& rules);

// What an entry may say besides its target; the flags of `egressctl allow`.
struct EntryOptions {
  bool is_optional = false;
  bool allows_private = false;
  bool allows_metadata = false;
  bool is_wide = false;
  bool has_services = false;  // `srv`
  std::vector<std::string> except{};  // names below a wildcard that are not meant, as written
  std::optional<WallTime> until;
  std::string reason;
  bool operator==(const EntryOptions&) const = default;
};

// A target that the operator added with `egressctl allow`.
struct Addition {
  std::string target;  // canonical: Target::text()
  EntryOptions options;
  std::string added_by;
  WallTime added_at{};
  bool is_accepted = false;        // it was in force before: what speaks against it today is a warning
  std::vector<AllowEntry> opens{};  // accepted, a preset: what it stood for
  bool operator==(const Addition&) const = default;
};
// The additions as a YAML file for people to read, and back. Unknown keys are errors, as everywhere.
std::string print_additions(const std::vector<Addition>& additions);
tl::expected<std::vector<Addition>, Problems> parse_additions(const Node& document);

// One item of `allow` or `services.ntp` as it is written in a file, and what it stands for.
struct AcceptedItem {
  std::string written;
  Entries::Pointers entries;
};
struct Accepted;  // accepted.hpp

// A time server that a time service of this host is configured to ask.
struct TimeServer {
  std::string host;
  Port port = 123;                 // UDP
  std::optional<Port> keys_port{};  // TCP, of NTS (RFC 8915); empty: it is asked without
  Place place{};
  bool says(const TimeServer& other) const {
    return host == other.host && port == other.port && keys_port == other.keys_port;
  }
  bool operator==(const TimeServer&) const = default;
};
struct SystemTime {
  std::vector<TimeServer> servers;
  Problems problems;  // files that cannot be read
};

// Everything a policy is made of. The first document is the main file; the others may only hold `version`,
// `allow` and `services.ntp`. Additions whose `until` is not after `now` are left out.
struct Sources {
  std::vector<Node> documents;
  std::vector<Addition> additions;
  const Catalogue* catalogue = nullptr;
  const NameRules* rules = nullptr;
  WallTime now{};
  const Accepted* accepted = nullptr;  // an item that it holds is no problem, only a warning
  std::function<SystemTime()> system_time{};  // what `ntp: system` stands for; asked only where it is said
};

// What is known of a policy that loads.
struct Notes {
  struct LeftOut {
    std::string target;
    Problem problem;
  };
  Problems warnings;                // what would be a problem, had it not been accepted before
  Problems doubts;                  // accepted, and seldom what is wanted
  std::vector<AcceptedItem> items;  // for Accepted
  std::vector<LeftOut> left_out;    // additions that cannot be used, though the policy loads
  std::map<std::string, std::vector<AllowEntry>> opens;  // what the presets among the additions stand for
};
// All problems at once, sorted by place, beyond a hundred only how many more; a policy only when there is none.
//
// A target that stands twice with the same options (the reason is none) counts once. With other options: an entry
// that is written out beats one that a preset or service brings along, of two that were brought along the required
// one stays, and anything else is a problem. An addition that grants no more than the files do changes nothing, one
// that grants more is a problem at the place "additions"; among additions the last one counts.
tl::expected<Policy, Problems> load(const Sources& sources);

// The same in two steps, so that a change of the additions does not read the files again: the documents alone, then
// the additions on top of a policy that load_files() gave. With notes an addition that cannot be used is left out and
// noted, and no problem.
tl::expected<Policy, Problems> load_files(const Sources& sources, Notes* notes = nullptr);
tl::expected<Policy, Problems> add_additions(Policy files, const Sources& sources, Notes* notes = nullptr);

}  // namespace egress::policy
