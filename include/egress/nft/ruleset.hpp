// The desired state of our table, as a comparable, printable value.
//
// A table is a static part (chains, rules and empty sets, all decided by Base) and elements. DNS moves only
// elements. `nft` words: an element's *timeout* is the lifetime given to it, *expires* what is left.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "egress/core/ip_address.hpp"
#include "egress/core/own_key.hpp"
#include "egress/core/time.hpp"

namespace egress::nft {

inline constexpr std::string_view kTableName = "egressd";  // family inet

// Each stands for two sets, one per family: allow4 and allow6, ...
enum class SetId : std::uint8_t {
  allow,      // from names: address . transport . port, a hash; every element has a timeout
  peers,      // the same of transports without ports: address . transport
  nets,       // from CIDRs, literals and port ranges: disjoint intervals; a timeout only on time-boxed grants
  resolvers,  // the pinned resolvers; never a timeout
  boot,       // what root alone reaches for a while after a boot: single endpoints, every element has a timeout
  probed,     // what a user's `egressctl verify` probes now: counted where it is refused, and never admitted
  verified,   // what root's probes: counted here and not in `refused`
  tried,      // what is allowed and root's `egressctl verify` connects to now: not counted in `hits`
  refused,    // what the packet path remembers of refusals (layout.hpp, Tally): egressd makes room there
};

// An element's key: a box of addresses and ports. In `allow`, `peers` and `resolvers` both ranges are single. A transport
// without ports has the port 0, which in `nets` stands for whatever is in a port's place: 0-65535.
struct ElementKey {
  SetId set = SetId::allow;
  IpAddress first;
  IpAddress last;
  Transport transport = Transport::tcp;
  PortRange ports;

  static ElementKey endpoint(SetId set, const Endpoint& endpoint);
  // What a name opens: in `allow`, or in `peers`.
  static ElementKey of_name(const Endpoint& endpoint);
  Family family() const { return first.family(); }
  bool contains(const Endpoint& endpoint) const;
  std::string text() const;  // "192.0.2.1 . tcp . 443", as nft prints it
  auto operator<=>(const ElementKey&) const = default;
};
std::string set_name(SetId set, Family family);  // "allow4"
// Whether answers about names fill it.
inline bool is_of_names(SetId set) { return set == SetId::allow || set == SetId::peers; }

// Every question for port 53, of the host and of held interfaces, ends at the DNS guard of egressd; the pinned resolvers
// are for egressd alone, which is known by its user and its key.
struct DnsGuard {
  Port port = 0;           // where it listens: loopback for the host, the held interfaces for what is redirected there
  std::uint32_t user = 0;  // egressd's own
  OwnKey key{};
  bool operator==(const DnsGuard&) const = default;
};

// Flows begun outside that are answered: those to a port (`protocol` 6 or 17), or all of another protocol.
struct Answered {
  std::uint8_t protocol = 0;
  PortRange ports{};  // of the destination, before it is translated
  auto operator<=>(const Answered&) const = default;
};

// What decides the chains and rules. Changes when the policy's frame changes, never with DNS.
struct Base {
  bool is_audit = false;
  // When audit turns into refusal, by the kernel's own clock: also where nobody lives to change the table.
  std::optional<WallTime> audit_ends{};
  bool allows_dhcp = true;
  bool metadata_at_boot = false;  // the set `boot` is there, for root
  bool serves_guests = true;  // the host itself reaches what stays on it, and tells held links of leases and routers
  std::vector<std::string> forward{};  // interface patterns whose forwarded traffic is held
  // Where they are: whatever enters by no uplink and by none of these patterns is held as well.
  std::optional<std::vector<std::string>> released{};
  std::vector<std::string> outward{};  // then: held links that may lead to other machines (links.hpp)
  std::vector<std::string> wires{};     // those whose other traffic is the host's own
  std::vector<std::string> segments{};  // bridges among them
  // The links of this host among them, as links.hpp tells them apart. Both sorted.
  std::vector<std::string> inside{};   // what goes to them stays on this host
  std::vector<std::string> uplinks{};  // they lead to other networks: anybody's packets may come in by them
  std::vector<std::string> tunnels{};  // links that no pattern names, and that are judged as if one did
  std::vector<std::pair<std::string, Prefix>> routed{};  // sources that belong to a link by another table than `main`
  // Held links without an IPv4 address, and where their questions over IPv4 are led (links.hpp); both or neither.
  std::vector<std::string> addressless{};
  std::optional<IpAddress> guard_v4{};
  std::optional<std::vector<Answered>> inbound{};  // which flows begun outside are answered; empty: all
  std::optional<DnsGuard> dns_guard{};  // empty: programs ask the pinned resolvers themselves
  bool is_panic{};  // nothing but loopback passes, in either direction, whatever the rest says
  // How many flows the kernel tracks at most, of which nobody alone may have more than a part; 0: no bound.
  std::size_t most_flows = 0;
  // Each packet to a time server is judged as if it were the first: each counts as use of its address.
  bool judges_time = false;
  // Lowered when the kernel lacks the feature; the table stays closed without them.
  bool logs_refusals = true;        // `log` statement
  bool counts_destinations = true;  // dynamic sets hits4/6, refused4/6 with a counter per destination
  bool tracks_apart = true;         // egressd's own questions have a connection tracking of their own, or none
  bool finds_sockets = true;        // who asks a resolver of this host at its own address is answered by it
  bool cuts_flows = true;           // flows marked by Kernel::cut_flows lose the fast path
  // Not with the kernel's `fib`: then only these are our sources, and nothing enters from held interfaces.
  std::optional<std::vector<IpAddress>> only_sources{};
  bool operator==(const Base&) const = default;

  bool holds_links() const { return released || !forward.empty(); }
  // Whether anything that this host forwards is judged, by where it enters.
  bool judges_forwarded() const { return holds_links() || !tunnels.empty(); }
};

// Elements and when they end; kNever: permanent.
using Elements = std::map<ElementKey, Instant>;

struct Ruleset {
  Base base;
  Elements elements;
  bool operator==(const Ruleset&) const = default;

  // Whether a new flow to this endpoint would be accepted at `now` (elements only; not the services that the
  // rules themselves allow, such as DHCP).
  bool permits(const Endpoint& endpoint, Instant now) const;
};

}  // namespace egress::nft
