// Policy: what may be reached, normalised and checked. An immutable value.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"
#include "egress/policy/document.hpp"
#include "egress/policy/resolvers.hpp"

namespace egress::policy {

enum class Mode { enforce, audit };  // audit: what would be refused is counted, logged and passed

// How the programs of the host come by addresses.
enum class DnsMode {
  guard,  // every question ends at egressd, which answers for allowed names only, once their addresses are open
  poll,   // clients ask the pinned resolvers themselves, egressd polls: for hosts that cannot redirect
};
enum class RefuseWith { nxdomain, refused };  // what the guard says of a name that is not allowed
struct Rate {
  int count = 0;
  seconds period{0};
  std::string text() const;  // "60/min"
  bool operator==(const Rate&) const = default;
};
// When the guard asks the resolvers for names that are written out.
enum class Refresh {
  on_demand,  // by itself, and when a program asks for one whose answer is over
  own_clock,  // by itself alone: programs are answered from what is held
};
struct DnsSettings {
  DnsMode mode = DnsMode::guard;
  RefuseWith refuse_with = RefuseWith::nxdomain;
  Refresh refresh = Refresh::on_demand;
  std::optional<Rate> wildcard_rate;  // of names not seen before, below each wildcard
  bool operator==(const DnsSettings&) const = default;
};

// Where an entry comes from, for `list`, `deny` and error messages.
struct Origin {
  enum class Kind { file, operator_added, service };
  Kind kind = Kind::file;
  Place place;           // file: where it was written
  std::string preset;    // "anthropic", "bedrock@eu-west-1"; empty when written out
  std::string added_by;  // operator_added: "root (uid 0)"
  std::string service;   // service: "ntp"
  std::string text() const;
  auto operator<=>(const Origin&) const = default;
};

// "*.example.com": the names below example.com; ".example.com": that name, too. But for the exceptions.
struct Wildcard {
  DnsName base;
  bool includes_base = false;
  std::vector<DnsName> except{};  // sorted, below the base; each with all names below it
  bool excepts(const DnsName& name) const;
  bool covers(const DnsName& name) const {
    return (name.is_below(base) || (includes_base && name == base)) && !excepts(name);
  }
  std::string text() const { return (includes_base ? "." : "*.") + base.text(); }
  auto operator<=>(const Wildcard&) const = default;
};

using Destination = std::variant<DnsName, Wildcard, Prefix>;

// How a destination can serve another end than the one it is allowed for: what a preset knows of it.
struct Risk {
  enum class Kind {
    upload,      // strangers with accounts of their own there can be given data
    shared_cdn,  // its addresses serve other sites too
    wide,        // it stands for many hosts or services
  };
  Kind kind = Kind::upload;
  std::string why;           // one line
  std::string text() const;  // "upload: anybody can make a gist"
  bool operator==(const Risk&) const = default;
};
std::string_view text(Risk::Kind kind);  // "upload", "shared-cdn", "wide"

inline constexpr Port kNtp = 123;

// One destination, one transport, one port or range of ports: the unit that is allowed, listed, counted
// and revoked. A target with several ports and a preset become several entries. A transport without ports has the
// range 0 to 0.
struct AllowEntry {
  Destination destination;
  Transport transport = Transport::tcp;
  PortRange ports{443, 443};
  bool is_optional = false;       // a failure to resolve is reported quietly
  bool allows_private = false;    // private-use answers may be opened
  bool allows_metadata = false;   // loopback and metadata addresses may be opened
  bool is_wide = false;           // a wildcard, or a domain of services, that covers names which strangers register
  // The services of the name are told (its SRV and TXT records), and what they lead to at or below this domain is
  // open at those of the entry's ports that they say. Empty: neither.
  std::optional<DnsName> service_domain{};
  std::optional<WallTime> until;  // a time-boxed grant
  std::string reason;
  std::optional<Risk> risk;  // from the preset, or the list of public suffixes; none: nothing known
  Origin origin;

  const DnsName* name() const { return std::get_if<DnsName>(&destination); }
  const Wildcard* wildcard() const { return std::get_if<Wildcard>(&destination); }
  const Prefix* prefix() const { return std::get_if<Prefix>(&destination); }
  const std::vector<DnsName>& except() const;  // of its wildcard; none: it has none
  bool asks_time() const;  // UDP, port 123
  // Its first port at one address: of `icmp` by the number that packets of the family bear.
  Endpoint first_at(const IpAddress& address) const;
  // Canonical and unique within a policy: "tcp/api.openai.com:443", "udp/[2001:db8::/32]:53", "esp/vpn.example.com".
  std::string target() const;
  bool operator==(const AllowEntry&) const = default;
};

class Entries;
// The targets that have a port at which proxies stand.
std::vector<std::string> proxies_in(const Entries& entries);
// Those that open a tunnel.
std::vector<std::string> tunnels_in(const Entries& entries);
// What is known of its risk: that of a tunnel, of its preset, or of its ports, which may be a proxy's.
std::optional<Risk> risk_of(const AllowEntry& entry);

// The entries of a policy: sorted by target(), unique. An entry never changes, and policies that differ in a few entries
// share the others, so that a change costs what it changes.
class Entries {
 public:
  using Pointer = std::shared_ptr<const AllowEntry>;
  using Pointers = std::vector<Pointer>;

  class Iterator {
   public:
    using value_type = AllowEntry;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(Pointers::const_iterator at) : at_(at) {}
    const AllowEntry& operator*() const { return **at_; }
    const AllowEntry* operator->() const { return at_->get(); }
    Iterator& operator++() { return ++at_, *this; }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(const Iterator&) const = default;

   private:
    Pointers::const_iterator at_;
  };

  Entries() = default;
  // In any order; of several with one target the first stays.
  explicit Entries(std::vector<AllowEntry> entries);
  // Sorted and unique already.
  explicit Entries(Pointers sorted) : pointers_(std::move(sorted)) {}

  Iterator begin() const { return Iterator(pointers_.begin()); }
  Iterator end() const { return Iterator(pointers_.end()); }
  std::size_t size() const { return pointers_.size(); }
  bool empty() const { return pointers_.empty(); }
  const AllowEntry& operator[](std::size_t index) const { return *pointers_[index]; }
  const Pointers& pointers() const { return pointers_; }
  // The first whose target is not before this one.
  Pointers::const_iterator lower_bound(std::string_view target) const;
  const AllowEntry* find(std::string_view target) const;  // null: none
  bool operator==(const Entries& other) const;

 private:
  Pointers pointers_;
};

// What one list of entries holds and the other does not, as shared entries: one that was read anew counts as gone and
// come.
struct EntriesChange {
  Entries::Pointers gone;
  Entries::Pointers come;
};
EntriesChange change(const Entries& before, const Entries& after);

struct Limits {
  seconds min_ttl{5};
  seconds max_ttl{3600};
  seconds grace{900};
  seconds stale{3600};  // how long past its TTL an answer may be given while the resolvers fail (RFC 8767)
  bool operator==(const Limits&) const = default;
};

// Flows begun outside to these ports of the host, or that the host forwards to a container, are answered.
struct InboundPorts {
  Transport transport = Transport::tcp;
  PortRange ports;
  std::string text() const;  // "22/tcp", "60000-61000/udp"
  auto operator<=>(const InboundPorts&) const = default;
};
struct Inbound {
  std::vector<InboundPorts> ports;
  bool allows_ping = false;
  std::vector<std::string> texts() const;  // as the policy lists them: "22/tcp", "ping"
  bool operator==(const Inbound&) const = default;
};


struct Policy {
  Mode mode = Mode::enforce;
  DnsSettings dns;
  std::optional<std::vector<ResolverAddress>> resolvers;  // for names of no zone; empty: those of the system
  std::vector<ZoneResolvers> zones{};  // sorted
  bool serves_guests = true;  // programs of the host reach its containers, and give leases to held links
  bool allows_dhcp = true;
  bool metadata_at_boot = false;  // root reaches the cloud's metadata for limits::kBootMetadata after each boot
  Limits limits;
  std::vector<std::string> forward;  // held interfaces; a trailing * matches any suffix
  // Where it is, whatever enters by no uplink and by none of these is held, and `forward` is empty.
  std::optional<std::vector<std::string>> released{};
  std::optional<Inbound> inbound;    // which flows begun outside are answered; empty: all
  Entries entries;                   // NTP servers are entries too
  bool operator==(const Policy&) const = default;
};

// A setting, or the options of an entry that both policies have, in words for people.
struct SettingChange {
  std::string name;  // "forward", "limits.grace", "tcp/api.openai.com:443"
  std::string before;
  std::string after;
  bool operator==(const SettingChange&) const = default;
};
// All but the entries that came or went.
std::vector<SettingChange> changed_settings(const Policy& before, const Policy& after);

// The policy written out in full, as a policy file that parses to the same value but for origins and risks, which a
// file cannot say: they follow as remarks.
std::string print(const Policy& policy);

}  // namespace egress::policy
