// The static part of the table as data: printable as nft text, encodable to netlink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "egress/nft/ruleset.hpp"

namespace egress::nft {

// What the packet path counts by destination. Each stands for two dynamic sets, one per family, bounded in size; a
// destination is forgotten some time after it was last seen. What is full or forgotten costs figures, never a packet.
enum class Tally : std::uint8_t {
  hits,     // connections that were let through: hits4, hits6
  refused,  // packets that were refused: refused4, refused6
};
std::string set_name(Tally tally, Family family);

// Whose new flows that stay on this host are counted, each of them for itself, in a dynamic set.
enum class Sharer : std::uint8_t {
  link,             // a held link: link-flows
  user,             // a user of this host: user-flows
  user_connection,  // the same, TCP alone: user-connections
};
std::string set_name(Sharer sharer);

// At which end a held link's question to the guard was last seen, each end in a dynamic set: `asked`, `heard`. What another
// table drops on its way through the input hook is asked and not heard.
enum class QuestionAt : std::uint8_t {
  asked,  // as it is redirected
  heard,  // behind all that other firewalls hook into the input
};
std::string set_name(QuestionAt end);

// Sources that fib has just found to be true.
enum class Known : std::uint8_t {
  own,      // an address of this host: own4, own6
  reached,  // through the link by which it came: reached4, reached6
};

// Statements and matches, one struct for each nft phrase that we use.
struct CtState { bool established = false; bool related = false; bool invalid = false; bool is_new = false; };  // ct state new
struct CtStatusDnat {};                                   // ct status dnat
struct CtStatusNotDnat {};                                // ct status ! dnat
struct CtBegins {};                                       // ct status ! confirmed: the packet would make a tracked flow
struct CtReply {};                                        // ct direction reply
struct CtOriginal {};                                     // ct direction original
struct CtMark { std::uint32_t mark = 0; };                // ct mark 0x65677264
struct CtProtocol { std::uint8_t protocol = 0; };         // ct protocol tcp
struct CtOriginalPort { PortRange ports; };               // ct original proto-dst 22, behind a Layer4
struct Layer4 { std::vector<std::uint8_t> protocols; };   // meta l4proto { tcp, udp }; one: meta l4proto tcp
struct InLoopback {};                                     // iif "lo"
struct OutLoopback {};                                    // oif "lo"
struct InInterface { std::string pattern; };              // iifname "br-*"
struct OutInterface { std::string pattern; };             // oifname "docker0"
struct InOneOf { std::vector<std::string> names; };       // iifname { "docker0", "br-1" }
struct OutOneOf { std::vector<std::string> names; };      // oifname { "docker0", "br-1" }
struct SourceIs { IpAddress address; };                   // ip saddr 0.0.0.0
struct SourceIn { Prefix prefix; };                       // ip saddr 172.20.0.0/16
struct SourceIsOwn {};                                    // fib saddr type local
struct SourceIsOwnOfDevice {};                            // fib saddr . oif type local: of a link in a table of its own (VRF)
struct SourceElsewhere {};                                // fib saddr . iif oif missing
struct DestinationIsOwn {};                               // fib daddr type local
struct IsTaken {};                                        // socket wildcard <= 1: a socket of this host takes it
struct SetSource { IpAddress address; };                  // ip saddr set 127.0.0.1
struct SetSourceToAsked { Family family; };               // ip saddr set ct original ip daddr: whom the flow was begun to
struct ToOne {};                                          // meta pkttype host: neither broadcast nor multicast
struct DestinationIs { IpAddress address; };              // ip daddr 255.255.255.255
struct DestinationIn { Prefix prefix; };                  // ip6 daddr ff02::/16
struct TcpReset {};                                       // tcp flags rst
struct TcpOpens {};                                       // tcp flags syn / syn,ack
struct LengthUpTo { Family family{}; std::uint16_t octets = 0; };  // ip length <= 96; of IPv6 without its header
struct SourcePort { Port port = 0; };                     // th sport 53, behind a Layer4
struct DestinationPort { Port port = 0; };                // th dport 53, behind a Layer4
struct UdpPorts { Port source = 0; Port destination = 0; };  // udp sport 68 udp dport 67
struct OwnQuestion { std::uint32_t user = 0; OwnKey key; };  // meta mark 0x65001064 meta priority 6567:7264 meta skuid 990
struct ByProgram {};                                      // meta skuid >= 0: the kernel's own packets have no user
struct ByUserBelow { std::uint32_t user = 0; };           // meta skuid < 1000
struct ClearKey {};                                       // meta mark set 0x00000000 meta priority set none
struct Before { WallTime time; };                         // meta time < "2026-11-25 23:00:00", by the kernel's civil clock
struct EtherType { std::uint16_t type = 0; };             // meta protocol ip
// The packet has a route, which the network stack gives to all that it sends or forwards: meta rtclassid ends a rule
// where there is none (net/netfilter/nft_meta.c), so that two rules, of which one holds for any realm, ask for just that.
struct Routed { bool has_realm = false; };                // meta rtclassid 0; != 0
struct FragmentationNeeded {};                            // icmp type destination-unreachable icmp code frag-needed
struct IcmpTypes { std::vector<std::uint8_t> types; };    // icmp type redirect
struct Icmp6Types { std::vector<std::uint8_t> types; };   // icmpv6 type { nd-neighbor-solicit, ... }
struct HopLimit { std::uint8_t value = 255; };            // ip6 hoplimit 255
struct DestinationInSet { SetId set{}; Family family{}; };  // ip daddr . meta l4proto . th dport @allow4
struct PeerInSet { Family family{}; };                    // ip daddr . meta l4proto @peers4
struct SourceInSet { SetId set{}; Family family{}; };     // ip saddr . meta l4proto . th sport @resolvers4
struct Untracked {};                                      // notrack
struct OwnZone {};                                        // ct zone set 25959: kOwnZone
struct CountDestination { Tally tally{}; Family family{}; };  // update @hits4 { ip daddr . meta l4proto . th dport }
// Two addresses compare equal when the pair is in a set to which only pairs of equals are added.
struct RememberSender { Family family{}; };               // update @senders4 { ip saddr . ip saddr }
struct SenderIsEnd { Family family{}; bool of_reply = false; };  // ip saddr . ct original ip saddr @senders4
// What fib found is kept in a dynamic set for a moment: a lookup there is cheaper.
struct SourceKnown { Known known{}; Family family{}; };   // ip saddr @own4; iif . ip saddr @reached4
struct RememberSource { Known known{}; Family family{}; };  // update @own4 { ip saddr }
struct RateLimit { std::uint32_t per_second = 0; std::uint32_t burst = 0; };  // limit rate 10/second burst 20 packets
struct ByteLimit { std::uint32_t per_second = 0; std::uint32_t burst = 0; };  // limit rate 1 kbytes/second burst 4 kbytes
// update @link-flows { iifname limit rate over 819/second burst 32768 packets }
struct MoreThanShare { Sharer sharer{}; RateLimit rate; };
struct NoteQuestion { QuestionAt end{}; };                // update @asked { iifname }
struct CountAs { std::string counter; };                  // counter name "refused"
struct LogLimited { std::string prefix; };                // limit rate 10/second burst 50 packets log prefix "..."
struct Accept {};
struct Drop {};
struct Return {};
struct Redirect { Port port = 0; };                       // redirect to :5353
struct LeadTo { IpAddress address; Port port = 0; };      // dnat ip to 10.0.0.2:5353; IPv4
struct Jump { std::string chain; };
struct Goto { std::string chain; };
struct RejectWithReset {};                                // reject with tcp reset
struct RejectProhibited {};                               // reject with icmpx admin-prohibited

using Statement =
    std::variant<CtState, CtStatusDnat, CtStatusNotDnat, CtBegins, CtReply, CtOriginal, CtMark, CtProtocol, CtOriginalPort, Layer4, InLoopback, OutLoopback, InInterface, OutInterface,
                 InOneOf, OutOneOf, SourceIs, SourceIn, SourceIsOwn, SourceIsOwnOfDevice, SourceElsewhere, SetSource, SetSourceToAsked, ToOne, DestinationIsOwn, IsTaken, DestinationIs, DestinationIn,
                 TcpReset, TcpOpens, LengthUpTo, SourcePort, DestinationPort, UdpPorts, OwnQuestion, ByProgram, ByUserBelow, ClearKey,
                 Before, EtherType, Routed, FragmentationNeeded, IcmpTypes, Icmp6Types, HopLimit, DestinationInSet, PeerInSet, SourceInSet, Untracked, OwnZone,
                 CountDestination, RememberSender, SenderIsEnd, SourceKnown, RememberSource, RateLimit, ByteLimit, MoreThanShare, NoteQuestion, CountAs, LogLimited, Accept, Drop, Return, Redirect, LeadTo, Jump,
                 Goto, RejectWithReset, RejectProhibited>;
using Rule = std::vector<Statement>;

// NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN, ...; `egress` is that of a device (NF_NETDEV_EGRESS).
enum class Hook : std::uint8_t { prerouting = 0, input = 1, forward = 2, output = 3, postrouting = 4, egress = 5 };
enum class ChainType : std::uint8_t {
  filter,  // priority filter (0)
  source,  // type filter, priority raw - 10: who sends is judged before all else, and before connections are tracked
  nat,     // priority dstnat (-100); only the first packet of a connection gets here
  last,    // type filter, priority 1000: behind other firewalls
};
inline constexpr std::int32_t kDstnat = -100;  // NF_IP_PRI_NAT_DST
inline constexpr std::int32_t kSource = -300 - 10;  // NF_IP_PRI_RAW
inline constexpr std::int32_t kLast = 1000;
enum class ChainPolicy : std::uint8_t { drop = 0, accept = 1 };  // NF_DROP, NF_ACCEPT

struct Chain {
  std::string name;
  std::optional<Hook> hook;  // a base chain
  ChainType type = ChainType::filter;
  ChainPolicy policy = ChainPolicy::accept;
  std::vector<Rule> rules;
  std::string device{};  // of an egress hook
};

struct SetDefinition {
  enum class Key : std::uint8_t {
    endpoint,      // address . protocol . port
    peer,          // address . protocol
    address,       // of a packet's sender
    link_address,  // the number of a link . address
    address_pair,  // address . address
    link,          // the name of a link
    user,          // the number of a user
  };
  std::string name;
  Family family{};
  Key key = Key::endpoint;
  bool is_interval = false;
  bool has_timeout = false;
  bool is_dynamic = false;  // filled by the packet path
  bool counts = false;      // a counter on each element
  std::size_t size = 0;     // of a dynamic one: the most elements
  milliseconds timeout{0};  // and how long each lasts since it was last updated
};
SetDefinition tally_set(Tally tally, Family family);
SetDefinition senders_set(Family family);  // of RememberSender
SetDefinition known_set(Known known, Family family);  // of RememberSource
SetDefinition sharers_set(Sharer sharer);  // of MoreThanShare
SetDefinition questions_set(QuestionAt end);  // of NoteQuestion
SetDefinition announced_set(SetId set, Family family);  // probed, verified, tried: filled by egressd, counted by the packet path

enum class TableFamily : std::uint8_t {
  inet,    // packets, IPv4 and IPv6
  netdev,  // frames at a device
};

// In the order in which they are created: counters, sets, then chains (called before callers).
struct Layout {
  TableFamily family = TableFamily::inet;
  std::vector<std::string> counters;
  std::vector<SetDefinition> sets;
  std::vector<Chain> chains;
};
Layout layout(const Base& base);

// Names that the verification and the status look up.
inline constexpr std::string_view kRefusedCounter = "refused";  // packets refused, or in audit mode passed
inline constexpr std::string_view kForeignCounter = "foreign";  // packets whose source was not their sender's
inline constexpr std::string_view kCrowdedCounter = "crowded";  // packets that began more flows than their sender's share
inline constexpr std::uint16_t kOwnZone = 0x6567;                 // "eg": the conntrack zone of egressd's own questions
inline constexpr std::uint32_t kCutMark = 0x65677264;           // "egrd": the whole ct mark of a flow that was cut
inline constexpr std::string_view kLogPrefix = "egressd refused ";
inline constexpr std::string_view kForeignLogPrefix = "egressd foreign source ";

std::string print(const Statement& statement);
std::string print(const Rule& rule);
// The ruleset as a file that `nft -f` accepts. `now` turns ends into timeouts.
std::string print(const Ruleset& ruleset, Instant now);

}  // namespace egress::nft
