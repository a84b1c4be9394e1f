// Each statement as nft prints it, so that `nft list` and print() can be compared.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "egress/core/text.hpp"
#include "egress/nft/layout.hpp"

namespace egress::nft {
namespace {

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case 1:
      return "icmp";
    case 4:
      return "ipencap";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 47:
      return "gre";
    case 50:
      return "esp";
    case 58:
      return "ipv6-icmp";
    default:
      return std::to_string(protocol);
  }
}

std::string icmp6_type_name(std::uint8_t type) {
  switch (type) {
    case 2:
      return "packet-too-big";
    case 128:
      return "echo-request";
    case 131:
      return "mld-listener-report";
    case 132:
      return "mld-listener-done";
    case 133:
      return "nd-router-solicit";
    case 134:
      return "nd-router-advert";
    case 135:
      return "nd-neighbor-solicit";
    case 136:
      return "nd-neighbor-advert";
    case 137:
      return "nd-redirect";
    case 143:
      return "mld2-listener-report";
    default:
      return std::to_string(type);
  }
}

std::string icmp_type_name(std::uint8_t type) {
  if (type == 8) return "echo-request";
  return type == 5 ? "redirect" : std::to_string(type);
}

std::string ether_type_name(std::uint16_t type) {
  switch (type) {
    case 0x0800:
      return "ip";
    case 0x86dd:
      return "ip6";
    case 0x8100:
      return "8021q";
    case 0x88a8:
      return "8021ad";
    default:
      return std::to_string(type);
  }
}

// "tcp", or "{ tcp, udp }"
std::string one_or_set(const std::vector<std::uint8_t>& values, std::string (*name)(std::uint8_t)) {
  if (values.size() == 1) return name(values.front());
  std::string text = "{ ";
  for (const std::uint8_t value : values) {
    if (text.size() > 2) text += ", ";
    text += name(value);
  }
  return text + " }";
}

// { "br-1", "docker0" }; one: "br-1". In the order of nft, which takes a name for a number whose
// first octet is the lowest.
std::string names_text(std::vector<std::string> names) {
  if (names.size() == 1) return quoted(names.front());
  std::ranges::sort(names, {}, [](const std::string& name) {
    return std::pair(name.size(), std::string(name.rbegin(), name.rend()));
  });
  std::string text = "{ ";
  for (const std::string& name : names) text += (text.size() > 2 ? ", " : "") + quoted(name);
  return text + " }";
}

std::string ip(Family family) {
  return family == Family::ipv4 ? "ip" : "ip6";
}

std::string destination(Family family) {
  return ip(family) + " daddr . meta l4proto . th dport";
}

std::string source_of(Known known, Family family) {
  return (known == Known::reached ? "iif . " : "") + ip(family) + " saddr";
}

// "0x65677264"
std::string mark_text(std::uint32_t mark) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[mark >> shift & 0xf];
  return text;
}

// "6567:7264", as of a traffic class
std::string priority_text(std::uint32_t priority) {
  const std::string digits = mark_text(priority).substr(2);
  return digits.substr(0, 4) + ":" + digits.substr(4);
}

// "256 bytes", "2 kbytes"
std::string bytes_text(std::uint32_t bytes) {
  return bytes % 1024 == 0 ? std::to_string(bytes / 1024) + " kbytes"
                           : std::to_string(bytes) + " bytes";
}

std::string rate_text(const RateLimit& limit) {
  return std::to_string(limit.per_second) + "/second burst " + std::to_string(limit.burst) +
         " packets";
}

struct Printer {
  std::string operator()(const CtState& match) const {
    std::string states;
    const auto add = [&](bool is_wanted, std::string_view name) {
      if (!is_wanted) return;
      if (!states.empty()) states += ',';
      states += name;
    };
    add(match.invalid, "invalid");
    add(match.established, "established");
    add(match.related, "related");
    add(match.is_new, "new");
    return "ct state " + states;
  }
  std::string operator()(const CtStatusDnat&) const { return "ct status dnat"; }
  std::string operator()(const CtStatusNotDnat&) const { return "ct status ! dnat"; }
  std::string operator()(const CtBegins&) const { return "ct status ! confirmed"; }
  std::string operator()(const CtReply&) const { return "ct direction reply"; }
  std::string operator()(const CtOriginal&) const { return "ct direction original"; }
  std::string operator()(const CtProtocol& match) const {
    return "ct protocol " + protocol_name(match.protocol);
  }
  std::string operator()(const CtOriginalPort& match) const {
    return "ct original proto-dst " + match.ports.text();
  }
  std::string operator()(const CtMark& match) const { return "ct mark " + mark_text(match.mark); }
  std::string operator()(const Layer4& match) const {
    return "meta l4proto " + one_or_set(match.protocols, protocol_name);
  }
  std::string operator()(const InLoopback&) const { return "iif \"lo\""; }
  std::string operator()(const OutLoopback&) const { return "oif \"lo\""; }
  std::string operator()(const InInterface& match) const {
    return "iifname " + quoted(match.pattern);
  }
  std::string operator()(const OutInterface& match) const {
    return "oifname " + quoted(match.pattern);
  }
  std::string operator()(const InOneOf& match) const {
    return "iifname " + names_text(match.names);
  }
  std::string operator()(const OutOneOf& match) const {
    return "oifname " + names_text(match.names);
  }
  std::string operator()(const SourceIs& match) const {
    return ip(match.address.family()) + " saddr " + match.address.text();
  }
  std::string operator()(const SourceIn& match) const {
    return ip(match.prefix.family()) + " saddr " + match.prefix.text();
  }
  std::string operator()(const SourceIsOwn&) const { return "fib saddr type local"; }
  std::string operator()(const DestinationIsOwn&) const { return "fib daddr type local"; }
  std::string operator()(const IsTaken&) const { return "socket wildcard <= 1"; }
  std::string operator()(const SourceIsOwnOfDevice&) const { return "fib saddr . oif type local"; }
  std::string operator()(const SourceElsewhere&) const { return "fib saddr . iif oif missing"; }
  std::string operator()(const SetSource& statement) const {
    return ip(statement.address.family()) + " saddr set " + statement.address.text();
  }
  std::string operator()(const SetSourceToAsked& statement) const {
    const std::string address = ip(statement.family);
    return address + " saddr set ct original " + address + " daddr";
  }
  std::string operator()(const ToOne&) const { return "meta pkttype host"; }
  std::string operator()(const DestinationIs& match) const {
    return ip(match.address.family()) + " daddr " + match.address.text();
  }
  std::string operator()(const DestinationIn& match) const {
    return ip(match.prefix.family()) + " daddr " + match.prefix.text();
  }
  std::string operator()(const TcpReset&) const { return "tcp flags rst"; }
  std::string operator()(const TcpOpens&) const { return "tcp flags syn / syn,ack"; }
  std::string operator()(const LengthUpTo& match) const {
    return ip(match.family) + " length <= " + std::to_string(match.octets);
  }
  std::string operator()(const SourcePort& match) const {
    return "th sport " + std::to_string(match.port);
  }
  std::string operator()(const DestinationPort& match) const {
    return "th dport " + std::to_string(match.port);
  }
  std::string operator()(const UdpPorts& match) const {
    return "udp sport " + std::to_string(match.source) + " udp dport " +
           std::to_string(match.destination);
  }
  std::string operator()(const Before& match) const {
    return "meta time < " + std::to_string(match.time.time_since_epoch().count());
  }
  std::string operator()(const OwnQuestion& match) const {
    return "meta mark " + mark_text(match.key.mark) + " meta priority " +
           priority_text(match.key.priority) + " meta skuid " + std::to_string(match.user);
  }
  std::string operator()(const ByProgram&) const { return "meta skuid >= 0"; }
  std::string operator()(const ByUserBelow& match) const {
    return "meta skuid < " + std::to_string(match.user);
  }
  std::string operator()(const ClearKey&) const {
    return "meta mark set 0x00000000 meta priority set none";
  }
  std::string operator()(const EtherType& match) const {
    return "meta protocol " + ether_type_name(match.type);
  }
  std::string operator()(const Routed& match) const {
    return match.has_realm ? "meta rtclassid != 0" : "meta rtclassid 0";
  }
  std::string operator()(const FragmentationNeeded&) const {
    return "icmp type destination-unreachable icmp code frag-needed";
  }
  std::string operator()(const IcmpTypes& match) const {
    return "icmp type " + one_or_set(match.types, icmp_type_name);
  }
  std::string operator()(const Icmp6Types& match) const {
    return "icmpv6 type " + one_or_set(match.types, icmp6_type_name);
  }
  std::string operator()(const HopLimit& match) const {
    return "ip6 hoplimit " + std::to_string(match.value);
  }
  std::string operator()(const DestinationInSet& match) const {
    return destination(match.family) + " @" + set_name(match.set, match.family);
  }
  std::string operator()(const PeerInSet& match) const {
    return ip(match.family) + " daddr . meta l4proto @" + set_name(SetId::peers, match.family);
  }
  std::string operator()(const SourceInSet& match) const {
    return ip(match.family) + " saddr . meta l4proto . th sport @" +
           set_name(match.set, match.family);
  }
  std::string operator()(const Untracked&) const { return "notrack"; }
  std::string operator()(const OwnZone&) const { return "ct zone set " + std::to_string(kOwnZone); }
  std::string operator()(const CountDestination& statement) const {
    return "update @" + set_name(statement.tally, statement.family) + " { " +
           destination(statement.family) + " }";
  }
  std::string operator()(const RememberSender& statement) const {
    const std::string source = ip(statement.family) + " saddr";
    return "update @" + senders_set(statement.family).name + " { " + source + " . " + source + " }";
  }
  std::string operator()(const SenderIsEnd& match) const {
    const std::string source = ip(match.family) + " saddr";
    return source + " . ct " + (match.of_reply ? "reply " : "original ") + source + " @" +
           senders_set(match.family).name;
  }
  std::string operator()(const SourceKnown& match) const {
    return source_of(match.known, match.family) + " @" + known_set(match.known, match.family).name;
  }
  std::string operator()(const RememberSource& statement) const {
    return "update @" + known_set(statement.known, statement.family).name + " { " +
           source_of(statement.known, statement.family) + " }";
  }
  std::string operator()(const RateLimit& match) const { return "limit rate " + rate_text(match); }
  std::string operator()(const MoreThanShare& match) const {
    return "update @" + set_name(match.sharer) +
           (match.sharer == Sharer::link ? " { iifname" : " { meta skuid") + " limit rate over " +
           rate_text(match.rate) + " }";
  }
  std::string operator()(const NoteQuestion& statement) const {
    return "update @" + set_name(statement.end) + " { iifname }";
  }
  std::string operator()(const ByteLimit& match) const {
    return "limit rate " + bytes_text(match.per_second) + "/second burst " +
           bytes_text(match.burst);
  }
  std::string operator()(const CountAs& statement) const {
    return "counter name " + quoted(statement.counter);
  }
  std::string operator()(const LogLimited& statement) const {
    return "limit rate 10/second burst 50 packets log prefix " + quoted(statement.prefix) +
           " level info";
  }
  std::string operator()(const Accept&) const { return "accept"; }
  std::string operator()(const Drop&) const { return "drop"; }
  std::string operator()(const Return&) const { return "return"; }
  std::string operator()(const Redirect& statement) const {
    return "redirect to :" + std::to_string(statement.port);
  }
  std::string operator()(const LeadTo& statement) const {
    return "dnat ip to " + statement.address.text() + ":" + std::to_string(statement.port);
  }
  std::string operator()(const Jump& verdict) const { return "jump " + verdict.chain; }
  std::string operator()(const Goto& verdict) const { return "goto " + verdict.chain; }
  std::string operator()(const RejectWithReset&) const { return "reject with tcp reset"; }
  std::string operator()(const RejectProhibited&) const {
    return "reject with icmpx admin-prohibited";
  }
};

}  // namespace

std::string print(const Statement& statement) {
  return std::visit(Printer{}, statement);
}

std::string print(const Rule& rule) {
  std::string text;
  for (const Statement& statement : rule) {
    if (!text.empty()) text += ' ';
    text += print(statement);
  }
  return text;
}

}  // namespace egress::nft
